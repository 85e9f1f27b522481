/**
 * Where everything of the demo cluster lies: the state folder, one root for each node, the addresses. What the nodes
 * do is said by the files of etc-ha.d alone; this reads from them what the demo itself must know (which real servers
 * to start, which address to ask), so that an edit of a sample file needs no edit here.
 */

/** The sample files use this part of 127.0.0.0/8; another one can be chosen, so that two demos can run side by side. */
export const SAMPLE_NET = '127.77'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface DemoNode {
  readonly name: string
  /** Own addresses, one for each link. */
  readonly addresses: readonly string[]
  readonly haDir: string
  readonly varLib: string
  readonly varRun: string
  readonly varLog: string
}

export interface WebServer extends Endpoint {
  /** `real1`, `sorry`. */
  readonly name: string
}

export interface Layout {
  readonly state: string
  readonly nodes: readonly DemoNode[]
  readonly service: Endpoint
  readonly webServers: readonly WebServer[]
  readonly udpPort: number
}

const ENDPOINT = /^\s*(virtual|real|fallback)\s*=\s*([\d.]+):(\d+)/

interface Services {
  readonly service: Endpoint
  readonly webServers: readonly WebServer[]
}

/** The first virtual service of a ldirectord.cf with its real servers and its fallback; null when there is none. */
export function servicesOf(ldirectordCf: string): Services | null {
  let service: Endpoint | null = null
  const webServers: WebServer[] = []
  for (const line of ldirectordCf.split('\n')) {
    const match = ENDPOINT.exec(line)
    if (match === null) continue
    const endpoint = { address: match[2]!, port: Number(match[3]) }
    if (match[1] === 'virtual' && service !== null) break
    if (match[1] === 'virtual') service = endpoint
    if (match[1] === 'real') webServers.push({ name: `real${webServers.length + 1}`, ...endpoint })
    if (match[1] === 'fallback') webServers.push({ name: 'sorry', ...endpoint })
  }
  return service === null ? null : { service, webServers }
}

export interface ClusterFile {
  readonly names: readonly string[]
  readonly udpPort: number
}

/** Node names and port of a ha.cf. */
export function clusterOf(haCf: string): ClusterFile {
  const lines = haCf.split('\n').map(line => line.replace(/#.*/, '').trim().split(/\s+/))
  const values = (name: string): string[] =>
    lines.filter(words => words[0] === name).flatMap(words => words.slice(1))
  return { names: values('node'), udpPort: Number(values('udpport')[0] ?? 694) }
}

export function layoutOf(state: string, net: string, cluster: ClusterFile, services: Services): Layout {
  const nodes = cluster.names.map((name, index) => ({
    name,
    addresses: [`${net}.0.${index + 1}`, `${net}.1.${index + 1}`],
    haDir: `${state}/${name}/ha.d`,
    varLib: `${state}/${name}/lib`,
    varRun: `${state}/${name}/run`,
    varLog: `${state}/${name}/log`,
  }))
  return { state, nodes, udpPort: cluster.udpPort, ...services }
}

/** The environment that makes a program work in this node's folders and on its addresses. */
export function environmentOf(layout: Layout, node: DemoNode): Record<string, string> {
  return {
    HA_DIR: node.haDir,
    HA_VARLIB: node.varLib,
    HA_VARRUN: node.varRun,
    HA_VARLOG: node.varLog,
    HA_LISTEN: node.addresses.join(' '),
    SYSTOLE_DEMO: layout.state,
  }
}

/**
 * The copy of a sample file that a node gets: log files lie in the node's own folder and, when another net was chosen,
 * addresses lie in that net. Nothing else is changed.
 */
export function adapted(text: string, node: Pick<DemoNode, 'varLog'>, net: string): string {
  return text
    .replace(/^(\s*(?:logfile|debugfile)\s+)\/var\/log\//gm, `$1${node.varLog}/`)
    .replace(/^(logfile\s*=\s*")\/var\/log\//gm, `$1${node.varLog}/`)
    .replaceAll(`${SAMPLE_NET}.`, `${net}.`)
}

/** Put before the nodes' ldirectord.cf: kernel IPVS, where there is one, cannot serve loopback clients. */
export const DIRECTOR_HEAD = `# The next line was put here by the demo: traffic between loopback addresses is forwarded in user space.
forwarder=proxy

`

export function urlOf(service: Endpoint): string {
  return `http://${service.address}:${service.port}/`
}

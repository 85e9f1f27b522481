/** Who forwards in the comparison: each is started in the director's namespace, listens at its port, is ended again. */

import { availableParallelism } from 'node:os'
import { readPidFile } from '../../src/base/io/processes.js'
import type { Edit, ServiceKey } from '../../src/ldirectord/core/table.js'
import { WORKERS_MAX } from '../../src/ldirectord/proxy/core/shared-state.js'
import { realAddress, VIRTUAL } from '../../test/peers/forwarding/street.js'
import { bin, type Owner } from '../../test/peers/harness.js'
import type { Targets } from './load.js'
import { DIRECT_PORT, fileIn, nginxFile, type Place, program, REAL_PORT, REALS } from './place.js'

export interface Running {
  /** Addresses and ports that the client asks: more than one of the direct way only. */
  readonly targets: Targets
  /** The processes whose time counts as the forwarder's own. */
  readonly pids: readonly number[]
  readonly end: () => Promise<void>
}

type Start = (owner: Owner, place: Place) => Promise<Running>

const serversAt = (port: number): Targets => {
  const [first, ...more] = Array.from({ length: REALS }, (_, at) => `${realAddress(at + 1)}:${port}`)
  return [first!, ...more]
}
const servers = serversAt(REAL_PORT)

function started(owner: Owner, place: Place, port: number, words: readonly string[]): Running {
  const { pid, end } = program(owner, place.director, ...words)
  return { targets: [`${VIRTUAL}:${port}`], pids: [pid], end: () => end('SIGKILL') }
}

const haproxy: Start = async (owner, place) => {
  const text = `global
  nbthread 1
  maxconn 8000
defaults
  mode tcp
  timeout connect 3s
  timeout client 900s
  timeout server 900s
listen street
  bind ${VIRTUAL}:8101
${servers.map((server, at) => `  server r${at} ${server}`).join('\n')}
`
  return started(owner, place, 8101, ['haproxy', '-db', '-f', fileIn(place.folder, 'haproxy.cfg', text)])
}

const pen: Start = async (owner, place) =>
  started(owner, place, 8102, ['pen', '-f', '-r', '-x', '4096', '-c', '4096', `${VIRTUAL}:8102`, ...servers])

const nginx: Start = async (owner, place) => {
  const listening = `stream {
  upstream street { ${servers.map(server => `server ${server};`).join(' ')} }
  server { listen ${VIRTUAL}:8103 backlog=4096; proxy_pass street; }
}`
  const module = 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n'
  return started(owner, place, 8103, ['nginx', '-c', nginxFile(place.folder, listening, module)])
}

/** One of our own, told its table through the interface that ldirectord uses. */
async function ours(place: Place, port: number, pids: () => readonly number[]): Promise<Running> {
  const key: ServiceKey = { protocol: 'tcp', family: 4, address: VIRTUAL, port }
  const service = {
    key,
    scheduler: 'wrr',
    persistentSeconds: null,
    netmask: null,
    schedulerFlags: '',
    ops: false,
    destinations: [],
  }
  const apply = async (...edits: Edit[]): Promise<void> => {
    const errors = (await place.director.tell({ op: 'apply', edits })) as (string | null)[]
    const error = errors.find(entry => entry !== null)
    if (error !== undefined) throw new Error(`the forwarder refused an edit: ${error}`)
  }
  await apply(
    { kind: 'addService', service },
    ...Array.from({ length: REALS }, (_, at) => ({
      kind: 'addDestination' as const,
      key,
      destination: {
        address: realAddress(at + 1),
        port: REAL_PORT,
        method: 'masq' as const,
        weight: 1,
        upper: 0,
        lower: 0,
      },
    })),
  )
  return { targets: [`${VIRTUAL}:${port}`], pids: pids(), end: () => apply({ kind: 'deleteService', key }) }
}

const nft: Start = async (_, place) => {
  await place.director.tell({ op: 'use', forwarder: 'nft' })
  return ours(place, 8104, () => [])
}

/** The process stays for a moment without services and then ends by itself. */
const proxyOf = async (place: Place, workers: number): Promise<Running> => {
  await place.director.tell({
    op: 'use',
    forwarder: 'proxy',
    varRun: place.folder,
    program: bin('ldirectord-proxy'),
    workers,
  })
  const pid = (): number => readPidFile(`${place.folder}/ldirectord-proxy.street.pid`) ?? 0
  return ours(place, 8105, () => [pid()])
}

const proxy: Start = (_, place) => proxyOf(place, Math.min(availableParallelism(), WORKERS_MAX))
const oneWorker: Start = (_, place) => proxyOf(place, 1)

const direct: Start = async () => ({ targets: serversAt(DIRECT_PORT), pids: [], end: async () => {} })

export const CONTENDERS = {
  direct,
  nft,
  haproxy,
  'nginx stream': nginx,
  pen,
  proxy,
  'proxy, one worker': oneWorker,
} as const satisfies Readonly<Record<string, Start>>
export type Contender = keyof typeof CONTENDERS

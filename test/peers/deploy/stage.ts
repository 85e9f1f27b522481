/**
 * A small site on loopback: web hosts, each a real sshd with a file system view of its own (the same deploy_to means
 * another folder on each) and a web server that serves what its link points to; our ldirectord with its user-space
 * forwarder in front of them. Everything ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer, get, type Server } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { CommandResult } from '../../../src/base/io/run-command.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, environment, rootsIn, run, until } from '../harness.js'
import type { Node } from '../loopback-nodes.js'
import { cluster, machine, PLAIN_USER, plainUser, SSH_PORT, startCluster } from './stage-machines.js'

const WEB_PORT = 8080

export interface WebHost {
  readonly name: string
  readonly address: string
  /** What the host calls deploy_to, as this process sees it. */
  readonly folder: string
  readonly real: string
  /** Makes its web server answer every request with this status; null: as it should. */
  sabotage: (release: string) => number | null
  readonly stopSsh: () => Promise<void>
  readonly startSsh: () => Promise<void>
  /** Ends the sessions that are open; new ones are taken. */
  readonly cutSessions: () => Promise<void>
}

export interface Stage {
  readonly folder: string
  readonly hosts: readonly WebHost[]
  readonly directors: readonly Director[]
  /** Those of a pair. */
  readonly nodes: readonly Node[]
  readonly url: string
  readonly env: Record<string, string>
  readonly maintenance: string
  /** Sections of deploy.cf that are put over the usual ones. */
  readonly configure: (sections?: Readonly<Record<string, string>>) => void
  readonly deploy: (...words: string[]) => Promise<CommandResult>
  readonly deployIn: (env: Record<string, string>, ...words: string[]) => Promise<CommandResult>
  /** Without waiting for its end. */
  readonly spawnDeploy: (...words: string[]) => ChildProcess
  readonly source: (version: string) => void
  readonly weights: () => Promise<Record<string, number>>
  /** What ldirectord itself holds drained. */
  readonly drained: () => Promise<readonly unknown[]>
  readonly ldirectord: (action: string) => Promise<CommandResult>
}

const link = (host: WebHost): string => {
  try {
    return readlinkSync(`${host.folder}/current`)
  } catch {
    return ''
  }
}

/** The release that a host serves. */
export const current = (host: WebHost): string => link(host).replace('releases/', '')

export const version = (host: WebHost): string => {
  try {
    return readFileSync(`${host.folder}/current/version`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** State of each release on a host by its id. */
export function states(host: WebHost): Record<string, string> {
  const ids = readdirSync(`${host.folder}/releases`).filter(name => /^\d/.test(name))
  return Object.fromEntries(
    ids.map(id => {
      const text = readFileSync(`${host.folder}/releases/${id}/.ha-release.json`, 'utf8')
      return [id, (JSON.parse(text) as { state: string }).state]
    }),
  )
}

let stages = 0

export interface StageOptions {
  /** Directors that are reached by ssh; 0: this machine is the director. */
  readonly directors?: number
  /** Each director has a virtual service of its own, so that all can forward at one time. */
  readonly apart?: boolean
  /** Directors are reached as a user that may only do something by sudo. */
  readonly sudo?: boolean
  /** Directors are the nodes of a cluster with heartbeat: the first one active, the other one warm. */
  readonly paired?: boolean
  /** What each command over ssh costs besides its own time, as a far or a slow machine does. */
  readonly commandDelayMs?: number
}

export async function stage(t: ExecutionContext, count: number, options: StageOptions = {}): Promise<Stage> {
  const folder = temporaryFolder(t)
  const net = `127.83.${(process.pid + stages++ * 7) % 250}`
  for (const name of ['source', 'site', 'balancer']) mkdirSync(join(folder, name))
  const deployTo = join(folder, 'site')
  const etc = options.sudo === true ? plainUser(folder) : ''
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'user_key')])
  const delayMs = options.commandDelayMs ?? 0
  const hosts: WebHost[] = []
  for (let index = 1; index <= count; index++)
    hosts.push(await webHost(t, folder, deployTo, `web${index}`, `${net}.${index}`, delayMs))
  const virtual = `${net}.200:${WEB_PORT}`
  const away: Director[] = []
  const nodes = options.paired === true ? cluster(t) : []
  for (let index = 1; index <= (options.directors ?? 0); index++) {
    const own = options.apart === true ? `${net}.${200 + index}:${WEB_PORT}` : virtual
    const made = director(
      t,
      nodes[index - 1]?.root ?? join(folder, `lb${index}`),
      `${net}.${100 + index}`,
      own,
      hosts,
    )
    const reached = await machine(
      t,
      folder,
      `lb${index}`,
      made.address,
      [`${nodes[index - 1]?.root ?? `${folder}/lb${index}`}/ha.d`, `${folder}/balancer`],
      made.env,
      delayMs,
      etc,
    )
    away.push({ ...made, stopSsh: reached.end })
  }
  const here = director(t, folder, '', virtual, hosts)
  const active = away[0] ?? here
  if (nodes.length > 0) await startCluster(nodes)
  else await active.ldirectord('start')
  const env = { ...environment(), ...here.env }
  const how =
    away.length === 0
      ? `mode = local\nconfig = ${folder}/ha.d/ldirectord.cf`
      : `mode = ssh\n${away.map(({ address }) => `hosts[] = ${address}`).join('\n')}\nconfig = ${folder}/balancer/ldirectord.cf`
  const configure = (sections: Readonly<Record<string, string>> = {}): void =>
    writeFileSync(
      join(folder, 'ha.d/deploy.cf'),
      deployCf(deployTo, how, hosts, sections, options.sudo === true ? PLAIN_USER : 'root'),
    )
  configure()
  const made: Stage = {
    folder,
    hosts,
    directors: away,
    nodes,
    url: `http://${virtual}/`,
    env,
    maintenance: active.maintenance,
    configure,
    ldirectord: active.ldirectord,
    weights: active.weights,
    drained: active.drained,
    deploy: (...words) => run(bin('ha-deploy'), words, { env, timeoutMs: 60_000 }),
    deployIn: (other, ...words) => run(bin('ha-deploy'), words, { env: other, timeoutMs: 60_000 }),
    spawnDeploy: (...words) => {
      const child = spawn(bin('ha-deploy'), words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      t.teardown(() => void child.kill('SIGKILL'))
      return child
    },
    source: text => writeFileSync(join(folder, 'source/version'), `${text}\n`),
  }
  await until('every host has its weight', 20_000, async () => {
    const all = Object.values(await active.weights().catch(() => ({ none: 0 })))
    return all.every(weight => weight > 0)
  })
  return made
}

async function webHost(
  t: ExecutionContext,
  base: string,
  deployTo: string,
  name: string,
  address: string,
  delayMs: number,
): Promise<WebHost> {
  const folder = join(base, name, 'site')
  const { start, end, cutSessions } = await machine(t, base, name, address, [folder, deployTo], {}, delayMs)
  const real = `${address}:${WEB_PORT}`
  const host: WebHost = {
    name,
    address,
    folder,
    real,
    sabotage: () => null,
    stopSsh: end,
    startSsh: start,
    cutSessions,
  }
  await webServer(t, host)
  return host
}

export interface Director {
  readonly stopSsh?: () => Promise<void>
  readonly address: string
  readonly env: Record<string, string>
  readonly maintenance: string
  readonly ldirectord: (action: string) => Promise<CommandResult>
  readonly weights: () => Promise<Record<string, number>>
  readonly drained: () => Promise<readonly unknown[]>
}

/** ldirectord in folders of its own. */
function director(
  t: ExecutionContext,
  own: string,
  address: string,
  virtual: string,
  hosts: readonly WebHost[],
): Director {
  for (const name of ['ha.d/maintenance', 'lib', 'run', 'log'])
    mkdirSync(join(own, name), { recursive: true })
  const roots = rootsIn(own)
  const env = { ...environment(), ...roots }
  writeFileSync(join(own, 'ha.d/ldirectord.cf'), ldirectordCf(own, virtual, hosts))
  const ldirectord = (action: string): Promise<CommandResult> =>
    run(bin('ldirectord'), ['ldirectord.cf', ...action.split(' ')], { env })
  const weights = async (): Promise<Record<string, number>> => {
    const shown = await run(bin('ldirectord'), ['ldirectord.cf', 'status', '--json'], { env })
    const record = JSON.parse(shown.stdout) as { virtuals: { reals: { server: string; weight: number }[] }[] }
    const reals = record.virtuals.flatMap(({ reals: all }) => all)
    return Object.fromEntries(
      hosts.map(({ name, real }) => [name, reals.find(({ server }) => server === real)?.weight ?? -1]),
    )
  }
  const drained = async (): Promise<readonly unknown[]> => {
    const shown = await run(bin('ldirectord'), ['ldirectord.cf', 'drained', '--json'], { env })
    return JSON.parse(shown.stdout) as readonly unknown[]
  }
  t.teardown(async () => {
    await ldirectord('stop')
    const hasPid = (): boolean => existsSync(join(own, 'run/ldirectord.ldirectord.cf.pid'))
    await until('ldirectord has ended', 10_000, () => !hasPid())
  })
  return { address, env: roots, maintenance: join(own, 'ha.d/maintenance'), ldirectord, weights, drained }
}

/** Answers with the file `version` behind the link; the link itself is in a header. 503 while there is no link. */
function webServer(t: ExecutionContext, host: WebHost): Promise<Server> {
  const server = createServer((_question, answer) => {
    const release = current(host)
    const status = host.sabotage(release) ?? 200
    answer.writeHead(status, { 'x-release': release })
    answer.end(`site ${version(host) || 'empty'}\n`)
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise(resolve => server.listen(WEB_PORT, host.address, () => resolve(server)))
}

const ldirectordCf = (folder: string, virtual: string, hosts: readonly WebHost[]): string => `checktimeout=2
negotiatetimeout=2
checkinterval=1
quiescent=yes
forwarder=proxy
maintenancedir=${folder}/ha.d/maintenance
logfile="${folder}/log/ldirectord.log"
virtual=${virtual}
${hosts.map(({ real }) => `    real=${real} masq 2`).join('\n')}
    service=http
    request="/"
    receive="site"
    scheduler=rr
    protocol=tcp
    checktype=negotiate
`

function deployCf(
  deployTo: string,
  how: string,
  hosts: readonly WebHost[],
  sections: Readonly<Record<string, string>>,
  user: string,
): string {
  const usual: Record<string, string> = {
    deploy: `application = shop\ndeploy_to = ${deployTo}\nsource = ../source\nmin_up = ${hosts.length > 1 ? '30%' : '0%'}`,
    ssh: `user = ${user}\nport = ${SSH_PORT}\nkey = ../user_key\nknown_hosts = ../known_hosts\ntimeout = 5`,
    director: `${how}\nldirectord = ${bin('ldirectord')}\ncounters = ldirectord`,
    drain: 'wait_short = 0\nwait_persistent = 0\nmax = 10\non_timeout = stop',
    health: 'check = url\nrelease_header = x-release\nrise = 1\ninterval = 0\ntimeout = 6\nwatch = 0',
    hooks: '',
    notify: '',
  }
  const parts = Object.entries(usual).map(([name, text]) => {
    const more = sections[name]
    const keys = new Set((more ?? '').split('\n').map(line => line.split('=')[0]!.trim()))
    const kept = text.split('\n').filter(line => !keys.has(line.split('=')[0]!.trim()))
    return `[${name}]\n${[...kept, more ?? ''].join('\n')}\n`
  })
  const named = hosts.map(
    ({ name, address, real }) => `[host:${name}]\naddress = ${address}\nreal = ${real}\nuser = root\n`,
  )
  return [...parts, ...named].join('\n')
}

/** Clients that ask as fast as told until stopped; `failures` holds what went wrong. */
export function clients(t: ExecutionContext, url: string, everyMs: number) {
  const failures: string[] = []
  let asked = 0
  let open = 0
  const timer = setInterval(() => {
    asked++
    open++
    const question = get(url, { agent: false, timeout: 5_000 }, answer => {
      answer.resume()
      answer.on('end', () => {
        open--
        if (answer.statusCode !== 200) failures.push(`status ${answer.statusCode}`)
      })
    })
    question.on('timeout', () => question.destroy(new Error('no answer in 5 s')))
    question.on('error', error => {
      open--
      failures.push(error.message)
    })
  }, everyMs)
  t.teardown(() => clearInterval(timer))
  return {
    failures,
    stop: async (): Promise<number> => {
      clearInterval(timer)
      await until('every client has its answer', 10_000, () => open === 0)
      return asked
    },
  }
}

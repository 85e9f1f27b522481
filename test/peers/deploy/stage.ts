/**
 * A small site on loopback: web hosts, each a real sshd with a file system view of its own (the same deploy_to means
 * another folder on each) and a web server that serves what its link points to; our ldirectord with its user-space
 * forwarder in front of them. Everything ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, get, type Server } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { CommandResult } from '../../../src/base/io/run-command.js'
import { bin, environment, run, temporaryFolder, until } from '../harness.js'
import { type Node, pair, SLOW } from '../loopback-nodes.js'

const SSHD = '/usr/sbin/sshd'
export const SSH_PORT = 2222
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

const FORCED =
  'case "$SSH_ORIGINAL_COMMAND" in internal-sftp*) exec /usr/lib/openssh/sftp-server;; *) eval "exec $SSH_ORIGINAL_COMMAND";; esac'

const PLAIN_USER = 'systole-deploy'

/** /etc/passwd with a user more, who may run a shell as root by sudo without a password. Its folder. */
function plainUser(base: string): string {
  const etc = join(base, 'etc')
  mkdirSync(etc)
  chmodSync(base, 0o711)
  const passwd = readFileSync('/etc/passwd', 'utf8')
  writeFileSync(join(etc, 'passwd'), `${passwd}${PLAIN_USER}:*:64711:64711::/:/bin/sh\n`)
  const rules = [
    'Defaults !secure_path',
    'Defaults env_keep += "PATH HA_DIR HA_VARLIB HA_VARRUN HA_VARLOG"',
    `${PLAIN_USER} ALL=(root) NOPASSWD: /bin/sh -eu, /usr/bin/sh -eu`,
    '',
  ]
  writeFileSync(join(etc, 'sudoers'), rules.join('\n'), { mode: 0o440 })
  return etc
}

/** Two nodes whose resource is ldirectord, which runs warm on both and has its drains mirrored. */
function cluster(t: ExecutionContext): Node[] {
  const warm = (root: string): string => `respawn root ${root}/warm`
  const { alpha, beta } = pair(t, {
    haCf: [...SLOW, 'apiauth ldirectord uid=root'],
    haCfIn: root => [warm(root)],
    haresources: 'alpha ldirectord::ldirectord.cf\n',
  })
  const nodes = [alpha, beta]
  for (const { root } of nodes) {
    const roots = { HA_DIR: 'ha.d', HA_VARLIB: 'lib', HA_VARRUN: 'run', HA_VARLOG: 'log' }
    const set = Object.entries(roots).map(([name, folder]) => `${name}=${root}/${folder}`)
    const text = `#!/bin/sh\nexec env ${set.join(' ')} ${process.execPath} ${bin('ldirectord')} ldirectord.cf warm\n`
    writeFileSync(join(root, 'warm'), text, { mode: 0o755 })
  }
  t.teardown(async () => {
    for (const node of nodes) await node.command('heartbeat', '-k')
  })
  return nodes
}

async function startCluster(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    const started = await node.command('heartbeat')
    if (started.exitCode !== 0) throw new Error(`heartbeat of ${node.name}: ${started.stderr}`)
  }
}

interface Machine {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** The machine is gone: nobody answers, and who was connected is not. */
  readonly end: () => Promise<void>
  readonly cutSessions: () => Promise<void>
}

/** A host key that known_hosts of the base names, and a configuration of an sshd that has it. Its path. */
export async function sshdConfig(
  base: string,
  own: string,
  address: string,
  more: readonly string[] = [],
): Promise<string> {
  mkdirSync(own, { recursive: true })
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(own, 'host_key')])
  const publicKey = readFileSync(join(own, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(join(base, 'known_hosts'), `[${address}]:${SSH_PORT} ${publicKey}\n`, { flag: 'a' })
  const lines = [
    `ListenAddress ${address}:${SSH_PORT}`,
    `HostKey ${own}/host_key`,
    `AuthorizedKeysFile ${base}/user_key.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'Subsystem sftp internal-sftp',
    'PermitRootLogin yes',
    'MaxStartups 50',
    ...more,
    '',
  ]
  writeFileSync(join(own, 'sshd_config'), lines.join('\n'))
  return join(own, 'sshd_config')
}

/** An sshd in a mount namespace of its own, where `from` stands at `to`: paths mean another folder on each machine. */
async function machine(
  t: ExecutionContext,
  base: string,
  name: string,
  address: string,
  [from, to]: readonly [from: string, to: string],
  env: Readonly<Record<string, string>>,
  delayMs: number,
  /** A folder with files that stand in /etc there. */
  etc = '',
): Promise<Machine> {
  const own = join(base, name)
  mkdirSync(from, { recursive: true })
  const set = Object.entries(env).map(entry => entry.join('='))
  const slow = delayMs === 0 ? [] : [`ForceCommand sleep ${delayMs / 1000}; ${FORCED}`]
  const config = await sshdConfig(base, own, address, [
    ...slow,
    `SetEnv PATH=${process.env.PATH} ${set.join(' ')}`,
  ])
  let sshd: ChildProcess | null = null
  const start = async (): Promise<void> => {
    // What this machine's user does at each login (version managers, prompts) is no part of what is looked at.
    const inside =
      'mount --bind "$1" "$2" && mount -t tmpfs none /run && mkdir /run/sshd && ' +
      '{ [ ! -f ~/.bashrc ] || mount --bind /dev/null ~/.bashrc; } && ' +
      '{ [ -z "$5" ] || { mount --bind "$5/passwd" /etc/passwd && mount --bind "$5/sudoers" /etc/sudoers; }; } && ' +
      'exec "$3" -D -e -f "$4"'
    const words = [from, to, SSHD, config, etc]
    const child = spawn('unshare', ['-m', 'sh', '-c', inside, 'sh', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4000)
    })
    sshd = child
    await until(`sshd of ${name}`, 10_000, () => said.includes('Server listening'))
  }
  const stop = async (): Promise<void> => {
    const child = sshd
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  const end = async (): Promise<void> => {
    await cutSessions()
    await stop()
  }
  const cutSessions = async (): Promise<void> => {
    const text = readFileSync(`/proc/${sshd!.pid}/task/${sshd!.pid}/children`, 'utf8').trim()
    for (const pid of text === '' ? [] : text.split(' ')) process.kill(Number(pid), 'SIGKILL')
  }
  t.teardown(stop)
  await start()
  return { start, stop, end, cutSessions }
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
  const roots = {
    HA_DIR: join(own, 'ha.d'),
    HA_VARLIB: join(own, 'lib'),
    HA_VARRUN: join(own, 'run'),
    HA_VARLOG: join(own, 'log'),
  }
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

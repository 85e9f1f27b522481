/**
 * `npm run demo:deploy`: the demo cluster, with an sshd beside each of its web servers; ha-deploy brings a new version
 * to them while clients ask, then a broken one, which goes back by itself. No request may fail.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nowMs } from '../base/io/real-clock.js'
import { runCommand } from '../base/io/run-command.js'
import { clusterOf, environmentOf, type Layout, layoutOf, SAMPLE_NET, servicesOf, urlOf } from './layout.js'

const SSHD = '/usr/sbin/sshd'
const SSH_PORT = 2222
const READY_MS_MAX = 90_000
const RUN_MS_MAX = 120_000
const ASK_EVERY_MS = 20
const ANSWER_MS_MAX = 5_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const inherited = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/** Clients that never stop asking. */
class Load {
  asked = 0
  readonly failures: string[] = []
  #open = 0
  readonly #timer: NodeJS.Timeout

  constructor(url: string) {
    this.#timer = setInterval(() => this.#ask(url), ASK_EVERY_MS)
  }

  #ask(url: string): void {
    this.asked++
    this.#open++
    const end = (failure: string | null): void => {
      this.#open--
      if (failure !== null) this.failures.push(failure)
    }
    const request = get(url, { agent: false, timeout: ANSWER_MS_MAX }, answer => {
      answer.resume()
      answer.once('end', () => end(answer.statusCode === 200 ? null : `status ${answer.statusCode}`))
    })
    request.once('timeout', () => request.destroy(new Error('no answer in time')))
    request.once('error', error => end(error.message))
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const untilMs = nowMs() + ANSWER_MS_MAX
    while (this.#open > 0 && nowMs() < untilMs) await delay(20)
  }
}

/** The demo cluster as a process of its own; resolves with the name of the owner once the service answers. */
async function startCluster(layout: Layout, net: string, programs: string, sites: string) {
  const child = spawn(process.execPath, [`${programs}/demo.cjs`, '--state', layout.state, '--net', net], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited(), SYSTOLE_DEMO_SITES: sites },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-100_000)
    })
  const untilMs = nowMs() + READY_MS_MAX
  for (;;) {
    const owner = /^ready .* answered by (\w+)/m.exec(text)?.[1]
    if (owner !== undefined) return { child, owner }
    if (child.exitCode !== null || nowMs() > untilMs) {
      child.kill('SIGINT')
      throw new Error(`the demo cluster did not get ready:\n${text}`)
    }
    await delay(50)
  }
}

async function keygen(path: string): Promise<string> {
  const words = ['-q', '-t', 'ed25519', '-N', '', '-f', path]
  const made = await runCommand('ssh-keygen', words, { timeoutMs: 10_000, env: inherited() })
  if (made.exitCode !== 0) throw new Error(`ssh-keygen: ${made.spawnError ?? made.stderr}`)
  return readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
}

async function startSshd(folder: string, address: string, userKey: string): Promise<ChildProcess> {
  mkdirSync(folder, { recursive: true })
  const hostKey = await keygen(join(folder, 'host_key'))
  writeFileSync(join(dirname(folder), 'known_hosts'), `[${address}]:${SSH_PORT} ${hostKey}\n`, { flag: 'a' })
  const lines = [
    `ListenAddress ${address}:${SSH_PORT}`,
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${userKey}.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`)
  // sshd of root wants its folder; that of a user does not look.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const child = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const untilMs = nowMs() + 10_000
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000)
  })
  while (!said.includes('Server listening')) {
    if (child.exitCode !== null || nowMs() > untilMs)
      throw new Error(`sshd on ${address}:${SSH_PORT}: ${said}`)
    await delay(20)
  }
  return child
}

function deployCf(layout: Layout, haDir: string, user: string, programs: string, sites: string): string {
  const hosts = layout.webServers.filter(({ name }) => name !== 'sorry')
  const sections = hosts.map(
    ({ name, address, port }) =>
      `[host:${name}]\naddress = ${address}\nreal = ${address}:${port}\ndeploy_to = ${sites}/${name}\n`,
  )
  return `[deploy]
application = shop
deploy_to = ${sites}
source = source
batch = 1,100%
min_up = 30%
[ssh]
user = ${user}
port = ${SSH_PORT}
key = ssh/user_key
known_hosts = ssh/known_hosts
[director]
config = ${haDir}/ldirectord.cf
ldirectord = ${programs}/ldirectord.cjs
counters = ldirectord
[health]
check = url
expect = {release}
rise = 1
interval = 1
timeout = 4
watch = 1
${sections.join('')}`
}

/** Everything between the start of the cluster and its end. The exit status. */
async function show(layout: Layout, owner: string, programs: string, folder: string): Promise<number> {
  const node = layout.nodes.find(({ name }) => name === owner)!
  const sites = join(folder, 'sites')
  const user = process.env.USER ?? (process.getuid?.() === 0 ? 'root' : 'nobody')
  writeFileSync(join(folder, 'deploy.cf'), deployCf(layout, node.haDir, user, programs, sites))
  const release = async (text: string, isBroken: boolean, label: string): Promise<number | null> => {
    rmSync(join(folder, 'source'), { recursive: true, force: true })
    mkdirSync(join(folder, 'source'))
    writeFileSync(join(folder, 'source/version'), `${text}\n`)
    if (isBroken) writeFileSync(join(folder, 'source/broken'), '')
    say(`\n== ${text}: ha-deploy run --label ${label}`)
    const words = [`${programs}/ha-deploy.cjs`, '-c', join(folder, 'deploy.cf'), 'run', '--label', label]
    const result = await runCommand(process.execPath, words, {
      timeoutMs: RUN_MS_MAX,
      env: { ...inherited(), ...environmentOf(layout, node) },
      onOutput: (_stream, chunk) => process.stdout.write(chunk),
    })
    return result.exitCode
  }
  const first = await release('version 1', false, 'v1')
  if (first !== 0) return 1
  const load = new Load(urlOf(layout.service))
  const second = await release('version 2', false, 'v2')
  say(`\nreleased under load: ${load.failures.length} of ${load.asked} requests failed`)
  const third = await release('version 3, which is broken', true, 'v3')
  await load.stop()
  const shown = layout.webServers
    .filter(({ name }) => name !== 'sorry')
    .map(({ name }) => readFileSync(`${sites}/${name}/current/version`, 'utf8').trim())
  say(`\nrolled back by itself, status ${third}: the servers have ${shown.join(', ')}`)
  say(`in all ${load.failures.length} of ${load.asked} requests failed`)
  const isGood = second === 0 && third === 5 && load.failures.length === 0
  for (const why of new Set(load.failures)) process.stderr.write(`failed request: ${why}\n`)
  return isGood && shown.every(text => text === 'version 2') ? 0 : 1
}

/** Resolves with the exit status when everything has ended. */
export async function runDeployDemo(argv: readonly string[], programs: string): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { state: { type: 'string' }, net: { type: 'string' } },
  })
  if (!existsSync(SSHD)) {
    process.stderr.write(`${SSHD} is missing; install openssh-server.\n`)
    return 1
  }
  const project = dirname(dirname(programs))
  const net = values.net ?? '127.78'
  const folder = resolve(values.state ?? join(project, '.systole-deploy'))
  const sample = (name: string): string =>
    readFileSync(`${project}/etc-ha.d/${name}`, 'utf8').replaceAll(`${SAMPLE_NET}.`, `${net}.`)
  const services = servicesOf(sample('ldirectord.cf'))
  if (services === null) throw new Error('the sample ldirectord.cf names no virtual service')
  const layout = layoutOf(join(folder, 'cluster'), net, clusterOf(sample('ha.cf')), services)
  for (const name of ['ssh', 'sites', 'source']) {
    rmSync(join(folder, name), { recursive: true, force: true })
    mkdirSync(join(folder, name), { recursive: true })
  }
  const daemons: ChildProcess[] = []
  let cluster: ChildProcess | null = null
  const end = async (): Promise<void> => {
    for (const child of daemons) child.kill('SIGTERM')
    if (cluster === null || cluster.exitCode !== null) return
    const ended = new Promise(settle => cluster?.once('exit', settle))
    cluster.kill('SIGINT')
    await Promise.race([ended, delay(10_000)])
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void end().then(() => process.exit(130)))
  try {
    say('starting the demo cluster and an sshd for each web server ...')
    const userKey = join(folder, 'ssh/user_key')
    await keygen(userKey)
    const started = await startCluster(layout, net, programs, join(folder, 'sites'))
    cluster = started.child
    for (const { name, address } of layout.webServers)
      if (name !== 'sorry') daemons.push(await startSshd(join(folder, 'ssh', name), address, userKey))
    return await show(layout, started.owner, programs, folder)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  } finally {
    await end()
  }
}

/**
 * Two machines, each with a heartbeat and our ldirectord as its warm standby and its resource: drains are known to
 * both, a takeover in the middle keeps them, and the table is always where the resource is. Once with our heartbeat,
 * once with the original, whose client API is then spoken to as ipfail does.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { CommandResult } from '../../src/base/io/run-command.js'
import { LAUNCHER_MARK } from '../../src/heartbeat/resources/plan/locate.js'
import type { Status } from '../../src/ldirectord/core/status.js'
import { bin, type HaPair, haPair, readText, until } from './harness.js'

/** What the machine must have. */
export const NEEDS = ['net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables'] as const

type Kind = 'original' | 'ours'
type Name = 'alpha' | 'beta'

const NAMES = ['alpha', 'beta'] as const
const ONE = '10.77.0.254:8001'
const TWO = '10.77.0.254:8002'
const SCRIPT = '/etc/ha.d/resource.d/ldirectord'
/** Installed as it is shipped, with the folder of this Node in front. */
const LAUNCHER = resolve('resource.d/ldirectord')
const NODE = dirname(process.execPath)
const FILES = {
  'ha.cf': `logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
ucast eth0 10.77.0.1
ucast eth0 10.77.0.2
auto_failback off
node alpha beta
apiauth ldirectord uid=root
respawn root ${SCRIPT} ldirectord.cf warm
`,
  authkeys: 'auth 1\n1 sha1 two-directors\n',
  haresources: 'alpha ldirectord::ldirectord.cf\n',
  'ldirectord.cf': `checkinterval=1
checktimeout=2
quiescent=yes
forwarder=proxy
virtual=127.0.0.1:8080
    real=${ONE} masq 5
    real=${TWO} masq 5
    checktype=connect
`,
}
const COMMANDS: Readonly<Record<Kind, { heartbeat: readonly string[]; standby: readonly string[] }>> = {
  original: {
    heartbeat: ['/usr/libexec/heartbeat/heartbeat', '-f'],
    standby: ['/usr/share/heartbeat/hb_standby'],
  },
  ours: {
    heartbeat: [process.execPath, bin('heartbeat'), '-f'],
    standby: [process.execPath, bin('hb_standby')],
  },
}
/** Two real servers that accept and close; they go when the test has gone. */
const SERVERS = `for (const port of [8001, 8002]) require('net').createServer(s => s.end()).listen(port, '10.77.0.254')
setInterval(() => { try { process.kill(${process.pid}, 0) } catch { process.exit() } }, 500)`

class Directors {
  readonly #pair: HaPair
  readonly #kind: Kind

  constructor(pair: HaPair, kind: Kind) {
    this.#pair = pair
    this.#kind = kind
    for (const node of NAMES) {
      const launcher = `#!/bin/sh\n# ${LAUNCHER_MARK}\nPATH=${NODE}:$PATH exec sh ${LAUNCHER} "$@"\n`
      const path = `${pair.folder}/${node}/ha.d/resource.d/ldirectord`
      // Debian's is a link to the installed program, which must not be written through.
      rmSync(path, { force: true })
      writeFileSync(path, launcher, { mode: 0o755 })
    }
  }

  start(node: Name): Promise<string> {
    return this.#pair.command('start', node, ...COMMANDS[this.#kind].heartbeat)
  }

  async crashAndBoot(node: Name): Promise<void> {
    await this.#pair.command('crash', node)
    await this.#pair.command('boot', node)
  }

  standby(node: Name): Promise<string> {
    return this.#pair.command('exec', node, ...COMMANDS[this.#kind].standby)
  }

  ldirectord(node: Name, ...words: string[]): Promise<CommandResult> {
    return this.#pair.attempt(['exec', node, SCRIPT, 'ldirectord.cf', ...words])
  }

  async status(node: Name): Promise<{ exitCode: number | null; state: Status | null }> {
    const { exitCode, stdout } = await this.ldirectord(node, 'status', '--json')
    return { exitCode, state: stdout.startsWith('{') ? (JSON.parse(stdout) as Status) : null }
  }

  /** `active 5 0`, `warm - -`: the role and the weights in the table. */
  async shows(node: Name): Promise<string> {
    const { exitCode, state } = await this.status(node)
    if (state === null) return `nothing, status ${exitCode}`
    const weights = state.virtuals.flatMap(({ reals }) => reals.map(({ weight }) => weight ?? '-'))
    return [state.role, ...weights].join(' ')
  }

  async wait(node: Name, wanted: string, limitMs = 20_000): Promise<void> {
    let last = ''
    await until(`${node} is ${wanted}`, limitMs, async () => {
      last = await this.shows(node)
      return last === wanted
    }).catch(error => {
      throw new Error(`${error.message}\nbut: ${last}\n${this.logs()}`)
    })
  }

  async drained(node: Name): Promise<string> {
    const { stdout } = await this.ldirectord(node, 'drained', '--json')
    const servers = JSON.parse(stdout) as { server: string; drain: { reason: string } }[]
    return servers.map(({ server, drain }) => `${server} ${drain.reason}`).join(', ')
  }

  log(node: Name): string {
    return readText(`${this.#pair.folder}/${node}/log/ldirectord.log`)
  }

  logs(): string {
    return NAMES.map(node => {
      const heartbeat = readText(`${this.#pair.folder}/${node}/log/ha-log`).split('\n').slice(-30).join('\n')
      return `--- ${node}\n${heartbeat}\n--- ${node} ldirectord\n${this.log(node)}`
    }).join('\n')
  }

  /** SIGKILL to the standby that runs on this node. */
  async killDirector(node: Name): Promise<void> {
    const { state } = await this.status(node)
    await this.#pair.command('exec', node, 'kill', '-KILL', String(state!.pid))
  }
}

export async function directorsLive(t: ExecutionContext, kind: Kind): Promise<void> {
  const pair = await haPair(t, FILES)
  const directors = new Directors(pair, kind)
  mkdirSync(`${pair.folder}/net/log`, { recursive: true })
  await pair.command('bg', 'net', 'servers', process.execPath, '-e', SERVERS)
  // Else it takes the least address of its ports, and a node that goes makes the others lose their neighbour.
  await pair.command('exec', 'net', 'ip', 'link', 'set', 'br0', 'address', '02:00:00:77:00:fe')
  await Promise.all(NAMES.map(node => directors.start(node)))
  await directors.wait('alpha', 'active 5 5', 30_000)
  await directors.wait('beta', 'warm - -')
  t.is((await directors.ldirectord('alpha', 'status')).exitCode, 0)
  const stopped = await directors.ldirectord('beta', 'status')
  t.is(stopped.exitCode, 3)
  t.is(stopped.stdout, 'ldirectord is stopped for /etc/ha.d/ldirectord.cf\n')
  await until('they know each other', 10_000, async () => {
    const mirrors = await Promise.all(
      NAMES.map(async node => (await directors.status(node)).state?.drains.mirroredTo.join()),
    )
    return mirrors.join() === 'beta,alpha'
  }).catch(error => {
    throw new Error(`${error.message}\n${directors.logs()}`)
  })

  const drain = await directors.ldirectord('alpha', 'drain', ONE, '--reason', 'disk', '--for', '1h')
  t.is(drain.stdout, 'mirrored to beta\n', drain.stderr)
  t.is(await directors.drained('beta'), `${ONE} disk`)
  t.is((await directors.ldirectord('beta', 'drain', TWO, '--reason', 'müde')).stdout, 'mirrored to alpha\n')
  await directors.wait('alpha', 'active 0 0')
  t.is((await directors.ldirectord('beta', 'undrain', TWO)).exitCode, 0)
  await directors.wait('alpha', 'active 0 5')

  // The owner dies while a server is drained: the other never shows it a client.
  await directors.crashAndBoot('alpha')
  await directors.wait('beta', 'active 0 5')
  await until('the takeover is logged', 10_000, () =>
    /Warm standby has taken over the table in \d+ ms/.test(directors.log('beta')),
  )
  // Ours asks the standby itself; the original calls the script, which is the command.
  t.is(/invoked as: .* start/.test(directors.log('beta')), kind === 'original', directors.logs())
  t.notRegex(directors.log('beta'), /real server: 10\.77\.0\.254:8001 .*Weight set to 5/)
  const alone = await directors.ldirectord('beta', 'undrain', ONE)
  t.regex(alone.stderr, /not mirrored to the other director: no other director listens/)
  await directors.wait('beta', 'active 5 5')

  // It comes back with a list that is older than what happened meanwhile.
  await directors.start('alpha')
  await directors.wait('alpha', 'warm - -', 30_000)
  await until(
    'alpha has learned of the undrain',
    10_000,
    async () => (await directors.drained('alpha')) === '',
  )
  t.is(await directors.drained('beta'), '')

  await directors.standby('beta')
  await directors.wait('alpha', 'active 5 5')
  await directors.wait('beta', 'warm - -')

  // heartbeat starts it again, and it goes on where it was.
  await directors.killDirector('alpha')
  await directors.wait('alpha', 'active 5 5')
  t.is((await directors.ldirectord('alpha', 'status')).exitCode, 0)
}

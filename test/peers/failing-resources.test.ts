/**
 * What breaks while it runs: a service that dies, an address that is taken away or that somebody else has, a start and
 * a stop that fail. One cluster of two of ours goes through all of it, one with an original as the peer through the
 * hand-over and the failed stop.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { bin, type HaPair, haPair, readText, until } from './harness.js'
import { peerTest } from './require.js'

type Name = 'alpha' | 'beta'

const ADDRESS = '10.77.0.50'
const HA_CF = `logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
auto_failback off
node alpha beta
`
const WATCHFUL = `resource_monitor 200ms
resource_monitor_timeout 5
resource_restarts 1
resource_start_tries 2
address_check 200ms
announce_refresh 1
`
// A failed stop is tried again once, not ten times: the test has no time for more.
const OURS = ['/usr/bin/env', 'HA_STOPRETRYMAX=1', process.execPath, bin('heartbeat'), '-f']
const ORIGINAL = ['/usr/libexec/heartbeat/heartbeat', '-f']

class Stage {
  readonly #pair: HaPair

  constructor(pair: HaPair) {
    this.#pair = pair
  }

  start(node: Name, command: readonly string[]): Promise<string> {
    return this.#pair.command('start', node, ...command)
  }

  run(node: Name | 'net', ...words: string[]): Promise<string> {
    return this.#pair.command('exec', node, ...words)
  }

  async says(node: Name, ...words: string[]): Promise<string> {
    const [program = '', ...rest] = words
    const { stdout } = await this.#pair.attempt(['exec', node, process.execPath, bin(program), ...rest])
    return stdout
  }

  file(node: Name, path: string): string {
    return `${this.#pair.folder}/${node}/${path}`
  }

  log(node: Name): string {
    return readText(this.file(node, 'log/ha-log'))
  }

  /** Who has the service's mark: the last resource of the group. */
  get holders(): string {
    return (['alpha', 'beta'] as const)
      .filter(node => readText(this.file(node, 'run/lsblog.web')) !== '')
      .join('+')
  }

  async hasAddress(node: Name): Promise<boolean> {
    return (await this.run(node, 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0')).includes(` ${ADDRESS}/`)
  }

  async until(what: string, limitMs: number, look: () => Promise<boolean> | boolean): Promise<void> {
    await until(what, limitMs, look).catch(error => {
      const logs = (['alpha', 'beta'] as const).map(
        node => `--- ${node}\n${this.log(node).split('\n').slice(-60).join('\n')}`,
      )
      throw new Error(`${error.message}\nheld by ${this.holders}\n${logs.join('\n')}`)
    })
  }

  /** A node in the middle of something refuses to give or take. */
  async settled(...nodes: Name[]): Promise<void> {
    for (const node of nodes)
      await this.until(`${node} is settled`, 20_000, async () =>
        /^(?!transition)\w+\n$/.test(await this.says(node, 'cl_status', 'rscstatus')),
      )
  }

  logs(node: Name, pattern: RegExp, limitMs = 10_000): Promise<void> {
    return this.until(`${node} logs ${pattern}`, limitMs, () => pattern.test(this.log(node)))
  }
}

/** Each node with lines of its own behind those of both. */
async function cluster(
  t: ExecutionContext,
  group: string,
  own: Readonly<Record<Name, string>>,
): Promise<Stage> {
  const files = { authkeys: 'auth 1\n1 sha1 failing-resources\n', haresources: `alpha ${group}\n` }
  const pair = await haPair(t, { ...files, 'ha.cf': HA_CF })
  for (const node of ['alpha', 'beta'] as const) {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'ha.cf'), HA_CF + own[node])
    await pair.command('conf', node, folder)
  }
  return new Stage(pair)
}

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('what breaks is mended, then handed over and shown; an address is put back and defended', async t => {
  const stage = await cluster(t, `IPaddr2::${ADDRESS}/24/eth0 lsblog::web`, {
    alpha: WATCHFUL,
    beta: `${WATCHFUL}resource_stop_failure reboot\n`,
  })
  await Promise.all([stage.start('alpha', OURS), stage.start('beta', OURS)])
  await stage.until('cold start', 30_000, () => stage.holders === 'alpha')

  await stage.run('alpha', 'ip', 'addr', 'del', `${ADDRESS}/24`, 'dev', 'eth0')
  await stage.logs(
    'alpha',
    /WARN: IPaddr2::10\.77\.0\.50\/24\/eth0 was taken away from this node: putting it back/,
  )
  await stage.until('the address is back', 10_000, () => stage.hasAddress('alpha'))

  await stage.run('net', 'ip', 'addr', 'add', `${ADDRESS}/24`, 'dev', 'br0')
  await stage.logs(
    'alpha',
    /ERROR: Another machine \([0-9a-f:]{17}\) answers for this address: announcing it again/,
  )
  t.true(await stage.hasAddress('alpha'), 'what is served is not given up for a second owner')
  await stage.run('net', 'ip', 'addr', 'del', `${ADDRESS}/24`, 'dev', 'br0')
  await stage.logs('alpha', /info: Nobody else answers for this address any more/)

  rmSync(stage.file('alpha', 'run/lsblog.web'))
  await stage.logs('alpha', /WARN: Restarting lsblog::web and what follows it in its group \(restart 1\)/)
  await stage.until('it was restarted', 10_000, () => stage.holders === 'alpha')
  t.is(await stage.says('alpha', 'cl_status', 'hbparameter', '-p', 'failed_groups'), '')

  rmSync(stage.file('alpha', 'run/lsblog.web'))
  await stage.until('the second failure moves the group', 15_000, () => stage.holders === 'beta')
  await stage.until(
    'with its address',
    15_000,
    async () => (await stage.hasAddress('beta')) && !(await stage.hasAddress('alpha')),
  )
  t.regex(
    stage.log('alpha'),
    /ERROR: Resource group IPaddr2::\S+ of alpha has failed and was stopped: lsblog::web: /,
  )
  // Alpha hears from beta who has it.
  await stage.until('the status shows it', 10_000, async () =>
    /held by beta, FAILED here \(run\)/.test(await stage.says('alpha', 'heartbeat', 'status')),
  )
  t.is(
    await stage.says('alpha', 'cl_status', 'hbparameter', '-p', 'failed_groups'),
    `IPaddr2::${ADDRESS}/24/eth0 (run)\n`,
  )

  // It is told to take what does not start there: tried twice, then back to the peer.
  writeFileSync(stage.file('alpha', 'ha.d/lsblog.fail-start'), '')
  await stage.settled('alpha', 'beta')
  await stage.says('alpha', 'hb_takeover', 'local')
  await stage.logs('alpha', /info: Retrying failed start of resource group: alpha IPaddr2/)
  await stage.logs('alpha', /WARN: Handing local resources over, because a group failed here\./)
  await stage.until('beta has it again', 20_000, () => stage.holders === 'beta')
  t.false(await stage.hasAddress('alpha'), 'the whole group was released')

  writeFileSync(stage.file('beta', 'ha.d/lsblog.fail-stop'), '')
  await stage.settled('alpha', 'beta')
  await stage.says('beta', 'hb_standby', 'foreign')
  await stage.until(
    'beta wants to be rebooted, as its ha.cf says',
    30_000,
    () => readText(stage.file('beta', 'log/reboot-called')) !== '',
  )
  t.is(stage.holders, 'beta', 'the peer does not start what still runs')
})

test('a failed resource is handed over to an original by standby; a failed stop keeps it from there, without reboot', async t => {
  const stage = await cluster(t, 'lsblog::web', { alpha: WATCHFUL, beta: '' })
  await Promise.all([stage.start('alpha', OURS), stage.start('beta', ORIGINAL)])
  await stage.until('cold start', 40_000, () => stage.holders === 'alpha')
  await stage.until(
    'both are settled',
    30_000,
    async () =>
      (await stage.says('beta', 'cl_status', 'rscstatus')) === 'none\n' ||
      /remote resource transition completed/.test(stage.log('beta')),
  )

  rmSync(stage.file('alpha', 'run/lsblog.web'))
  await stage.logs('alpha', /Restarting lsblog::web/)
  await stage.until('restarted', 10_000, () => stage.holders === 'alpha')
  rmSync(stage.file('alpha', 'run/lsblog.web'))
  await stage.until('the original has it', 20_000, () => stage.holders === 'beta')
  t.regex(stage.log('beta'), /alpha wants to go standby \[local\]/)
  // Alpha hears from beta who has it.
  await stage.until('the status shows it', 10_000, async () =>
    /held by beta, FAILED here \(run\)/.test(await stage.says('alpha', 'heartbeat', 'status')),
  )

  await stage.until(
    'alpha is settled',
    10_000,
    async () => (await stage.says('alpha', 'cl_status', 'rscstatus')) === 'none\n',
  )
  await stage.says('alpha', 'hb_takeover', 'local')
  await stage.until('alpha takes it back', 20_000, () => stage.holders === 'alpha')
  writeFileSync(stage.file('alpha', 'ha.d/lsblog.fail-stop'), '')
  await stage.until(
    'alpha is settled again',
    10_000,
    async () => (await stage.says('alpha', 'cl_status', 'rscstatus')) === 'local\n',
  )
  await stage.says('alpha', 'hb_standby', 'local')
  await stage.logs(
    'alpha',
    /CRIT: Resource group lsblog::web of alpha could not be stopped\. It is not handed over\./,
    20_000,
  )
  t.is(stage.holders, 'alpha')
  rmSync(stage.file('alpha', 'ha.d/lsblog.fail-stop'))
  await stage.until('the next try hands it over', 25_000, () => stage.holders === 'beta')
  t.is(readText(stage.file('alpha', 'log/reboot-called')), '')
})

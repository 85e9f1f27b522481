/**
 * The procedure of docs/install.md, played word for word on one node of a live pair of heartbeat 3.0.6: our program takes
 * the original's place and gives it back. The node has its own copies of what is changed (the package's folder, the list
 * of diversions), mounted where only it sees them. What the resource script wrote down tells who served when.
 */
import { bin, type HaPair, haPair, readText, until } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps')

const FILES = {
  'ha.cf': `logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 3
initdead 10
ucast eth0 10.77.0.1
ucast eth0 10.77.0.2
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
auto_failback off
node alpha beta
`,
  authkeys: 'auth 1\n1 sha1 one-after-the-other\n',
  haresources: 'alpha lsblog::web\nbeta lsblog::db\n',
}

const PROGRAM = '/usr/libexec/heartbeat/heartbeat'
const INIT = '/etc/init.d/heartbeat'
/** A takeover after a death: nothing planned may take longer. */
const GAP_MS_MAX = 4_000

class Pair {
  readonly #pair: HaPair

  constructor(pair: HaPair) {
    this.#pair = pair
  }

  async sh(node: string, script: string): Promise<string> {
    return await this.#pair.command('exec', node, 'sh', '-c', `set -e\n${script}`)
  }

  /** Copies that only alpha sees in the place of what the procedure changes. */
  async shield(): Promise<void> {
    const copies = `${this.#pair.folder}/alpha.own`
    await this.sh(
      'alpha',
      `mkdir -p ${copies}/dpkg/info ${copies}/dpkg/updates
cp -a /usr/libexec/heartbeat ${copies}/libexec
cp /var/lib/dpkg/diversions /var/lib/dpkg/status ${copies}/dpkg/
mount --bind ${copies}/libexec /usr/libexec/heartbeat
mount --bind ${copies}/dpkg /var/lib/dpkg`,
    )
  }

  start(node: string): Promise<string> {
    return this.#pair.command('start', node)
  }

  async waits(what: string, node: string, script: string, limitMs = 25_000): Promise<void> {
    let last = ''
    await until(what, limitMs, async () => {
      const { exitCode, stdout, stderr } = await this.#pair.attempt(['exec', node, 'sh', '-c', script])
      last = `${exitCode} ${stdout}${stderr}`
      return exitCode === 0
    }).catch(error => {
      throw new Error(`${error.message}\n${last}\n${this.log('alpha')}\n---\n${this.log('beta')}`)
    })
  }

  async bothSeeAll(): Promise<void> {
    for (const node of ['alpha', 'beta'])
      await this.waits(
        `${node} sees both nodes active and all links up`,
        node,
        `for n in alpha beta; do [ "$(cl_status nodestatus $n)" = active ] || exit 1; done
for o in alpha beta; do [ $o = ${node} ] && continue
for l in eth0 eth1; do [ "$(cl_status hblinkstatus $o $l)" = up ] || exit 1; done; done`,
      )
  }

  holds(node: string, wanted: string): Promise<void> {
    return this.waits(`${node} holds ${wanted}`, node, `[ "$(cl_status rscstatus)" = ${wanted} ]`)
  }

  log(node: string): string {
    return readText(`${this.#pair.folder}/${node}/log/ha-log`)
  }

  /** `ms node group start|stop`, in the order of time. */
  actions(): { atMs: number; node: string; group: string; what: string }[] {
    const lines = ['alpha', 'beta'].flatMap(node =>
      readText(`${this.#pair.folder}/${node}/log/rsc.log`).trim().split('\n'),
    )
    const all = lines.map(line => line.split(' '))
    return all
      .map(([ms = '', node = '', group = '', what = '']) => ({ atMs: Number(ms), node, group, what }))
      .filter(({ what }) => what === 'start' || what === 'stop')
      .sort((one, other) => one.atMs - other.atMs)
  }
}

/** What was wrong with the serving of a group, and on which nodes it ran one after the other. */
function served(
  actions: ReturnType<Pair['actions']>,
  wanted: string,
): { owners: string[]; faults: string[] } {
  const owners: string[] = []
  const faults: string[] = []
  let holder = ''
  let releasedMs: number | null = null
  for (const { atMs, node, what } of actions.filter(({ group }) => group === wanted)) {
    if (what === 'stop') {
      if (holder !== node) continue
      holder = ''
      releasedMs = atMs
      continue
    }
    if (holder !== '' && holder !== node) faults.push(`${node} starts ${wanted} while ${holder} has it`)
    const goneMs = releasedMs === null ? 0 : atMs - releasedMs
    if (goneMs > GAP_MS_MAX) faults.push(`${wanted} was gone for ${goneMs} ms before ${node} started it`)
    holder = node
    owners.push(node)
  }
  if (holder === '') faults.push(`${wanted} runs nowhere`)
  return { owners, faults }
}

test('our program takes the place of heartbeat 3.0.6 on one node of a live pair and gives it back: each group always has one owner', async t => {
  t.timeout(60_000)
  const pair = new Pair(await haPair(t, FILES))
  await pair.shield()
  await Promise.all(['alpha', 'beta'].map(node => pair.start(node)))
  await pair.bothSeeAll()
  for (const node of ['alpha', 'beta']) await pair.holds(node, 'local')

  const leave = async (): Promise<void> => {
    // A node in the middle of something takes nothing.
    await pair.waits('beta is settled', 'beta', '[ "$(cl_status rscstatus)" != transition ]')
    await pair.sh('alpha', '/usr/share/heartbeat/hb_standby all')
    await pair.holds('alpha', 'none')
    await pair.sh('alpha', `${INIT} stop`)
  }
  const comeBack = async (): Promise<void> => {
    await pair.sh('alpha', `${INIT} start`)
    await pair.bothSeeAll()
    await pair.holds('alpha', 'none')
    await pair.sh('alpha', '/usr/share/heartbeat/hb_takeover local')
    await pair.holds('alpha', 'local')
  }

  await pair.sh('alpha', `${bin('ha-lint')} /etc/ha.d`)
  await leave()
  await pair.sh(
    'alpha',
    `dpkg-divert --local --rename --add ${PROGRAM}\nln -s ${bin('heartbeat')} ${PROGRAM}`,
  )
  await comeBack()
  t.regex(await pair.sh('alpha', `${PROGRAM} -V`), /Systole/)

  await leave()
  await pair.sh('alpha', `rm ${PROGRAM}\ndpkg-divert --local --rename --remove ${PROGRAM}`)
  await comeBack()
  t.notRegex(await pair.sh('alpha', `${PROGRAM} -V`), /Systole/)

  const actions = pair.actions()
  t.deepEqual(served(actions, 'web'), { owners: ['alpha', 'beta', 'alpha', 'beta', 'alpha'], faults: [] })
  t.deepEqual(served(actions, 'db'), { owners: ['beta'], faults: [] })
  for (const node of ['alpha', 'beta'])
    t.notRegex(pair.log(node), / (ERROR|CRIT): (?!Cannot lock ourselves)/, pair.log(node))
})

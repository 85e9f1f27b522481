/**
 * Whether a drain is true, asked of a kernel that has IPVS (a user-mode guest) and of ldirectord 4.12: open
 * connections and persistence templates are seen, and "drained" means that the client's next connection goes elsewhere.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { bin, ipvsVm, project, type Rig, temporaryFolder, until } from '../harness.js'
import { peerTest } from '../require.js'

const test = peerTest(
  'net-admin',
  'tun',
  'user-mode-linux',
  'ipvsadm',
  'ldirectord',
  'iproute2',
  'perl-base',
  'curl',
  'kmod',
  'procps',
  'iptables',
)

const ldirectordCf = (persistent: string): string => `checktimeout=2
negotiatetimeout=2
checkinterval=1
quiescent=yes
maintenancedir=/etc/ha.d/maintenance
virtual=10.77.0.200:80
    real=10.77.1.21:80 masq 1
    real=10.77.1.22:80 masq 1
    service=http
    request="/"
    receive="real"
    scheduler=rr
    protocol=tcp
    checktype=negotiate
${persistent}`

const DEPLOY_CF = `[deploy]
application = shop
deploy_to = /srv/shop
[drain]
wait_short = 0
wait_persistent = 0
max = 4
[host:web1]
address = 10.77.1.21
real = 10.77.1.21:80
[host:web2]
address = 10.77.1.22
real = 10.77.1.22:80
`

interface Guest {
  readonly vm: Rig
  readonly deploy: (...words: string[]) => Promise<{ status: number | null; text: string }>
  readonly weights: () => Promise<string>
  /** Which real server answers this client. */
  readonly ask: () => Promise<string>
}

async function guest(t: ExecutionContext, persistent: string): Promise<Guest> {
  const etc = mkdtempSync(join(temporaryFolder(t), 'etc-'))
  mkdirSync(join(etc, 'maintenance'))
  writeFileSync(join(etc, 'ldirectord.cf'), ldirectordCf(persistent))
  writeFileSync(join(etc, 'deploy.cf'), DEPLOY_CF)
  const vm = await ipvsVm(t, '1', '--etc', `${etc}:rw`, '--share', project, '--reals', '2', '--mode', 'nat')
  const inside = (...words: string[]): Promise<string> => vm.command('exec', 'dir1', '-t', '40', ...words)
  await inside('ip', 'address', 'add', '10.77.0.200/24', 'dev', 'eth0')
  await inside('ip', 'address', 'add', '10.77.1.1/24', 'dev', 'eth1')
  await inside('/usr/sbin/ldirectord', 'ldirectord.cf', 'start')
  const weights = async (): Promise<string> => {
    const saved = await inside('ipvsadm', '-S', '-n')
    return [...saved.matchAll(/-w (\d+)/g)].map(([, weight]) => weight).join(' ')
  }
  await until('both servers have their weight', 30_000, async () => (await weights()) === '1 1')
  return {
    vm,
    weights,
    deploy: async (...words) => {
      const result = await vm.attempt(
        ['exec', 'dir1', '-t', '40', process.execPath, bin('ha-deploy'), ...words],
        60_000,
      )
      return { status: result.exitCode, text: result.stdout + result.stderr }
    },
    ask: async () => {
      const answer = await vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '3', 'http://10.77.0.200/'])
      return /real \d/.exec(answer.stdout)?.[0] ?? `nothing (${answer.exitCode})`
    },
  }
}

test('an open connection holds a drain open, with the count of the kernel; without one it is drained at once', async t => {
  const { vm, deploy, weights, ask } = await guest(t, '')
  // Two downloads that last: one for each server.
  const slow = [1, 2].map(() =>
    vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '25', 'http://10.77.0.200/?sleep=12'], 40_000),
  )
  await until('both are open', 10_000, async () => {
    const listed = await vm.command('exec', 'dir1', '-t', '10', 'ipvsadm', '-L', '-n')
    return (listed.match(/Masq +\d+ +1 /g) ?? []).length === 2
  })
  const held = await deploy('drain', 'web1', '--wait')
  t.is(held.status, 4, held.text)
  t.regex(
    held.text,
    /not drained within 4 s: local tcp:10\.77\.0\.200:80 weight 0 active 1 templates 0 until they close/,
  )
  t.is(await weights(), '0 1')
  const answers = await Promise.all(slow)
  t.true(
    answers.every(({ exitCode }) => exitCode === 0),
    'who was connected got the answer',
  )
  const drained = await deploy('drain', 'web1', '--wait')
  t.is(drained.status, 0, drained.text)
  t.deepEqual(await Promise.all([ask(), ask()]), ['real 2', 'real 2'])
  t.is((await deploy('undrain', 'web1')).status, 0)
  await until('the weight is back', 15_000, async () => (await weights()) === '1 1')
})

test('a template of a persistent client holds a drain open unless templates expire, as the client sees', async t => {
  const { vm, deploy, weights, ask } = await guest(t, '    persistent=300\n')
  const mine = await ask()
  t.regex(mine, /^real [12]$/)
  const host = mine === 'real 1' ? 'web1' : 'web2'
  const held = await deploy('drain', host, '--wait')
  t.is(held.status, 4, held.text)
  t.regex(held.text, /weight 0 active 0 templates 1 wait≈\d{3}s/)
  t.is(await weights(), mine === 'real 1' ? '0 1' : '1 0')
  t.is(await ask(), mine, 'at weight 0 the kernel still brings the client here: that was no drain')
  await vm.command('exec', 'dir1', '-t', '10', 'sysctl', '-w', 'net.ipv4.vs.expire_quiescent_template=1')
  const drained = await deploy('drain', host, '--wait')
  t.is(drained.status, 0, drained.text)
  t.not(await ask(), mine)
})

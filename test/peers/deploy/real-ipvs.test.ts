/**
 * Whether a drain is true, asked of a kernel that has IPVS (a user-mode guest) and of ldirectord 4.12: open
 * connections and persistence templates are seen, and "drained" means that the client's next connection goes elsewhere.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { bin, ipvsVm, project, type Rig, run, temporaryFolder, until } from '../harness.js'
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
  'openssh-server',
)

/** Two services of the same servers: port 80 is not persistent, port 81 is. */
const LDIRECTORD_CF = `checktimeout=2
negotiatetimeout=2
checkinterval=1
quiescent=yes
maintenancedir=/etc/ha.d/maintenance
${[80, 81]
  .map(
    port => `virtual=10.77.0.200:${port}
    real=10.77.1.21:80 masq 1
    real=10.77.1.22:80 masq 1
    service=http
    request="/"
    receive="real"
    scheduler=rr
    protocol=tcp
    checktype=negotiate
${port === 81 ? '    persistent=300\n' : ''}`,
  )
  .join('')}`

/** Both hosts are reached at an sshd of the director itself: what is released does not matter here, who is drained does. */
const deployCf = (more: Readonly<Record<string, string>> = {}): string => `[deploy]
application = shop
deploy_to = /srv/shop
source = /etc/ha.d/source
min_up = 0%
[ssh]
key = user_key
known_hosts = known_hosts
port = 2222
timeout = 40
[director]
virtuals[] = 10.77.0.200:${more.port ?? '80'}
[drain]
wait_short = 0
wait_persistent = 0
max = ${more.max ?? '4'}
${more.drain ?? ''}
[health]
watch = 0
${['1', '2'].map(n => `[host:web${n}]\naddress = 127.0.0.${n}\nreal = 10.77.1.2${n}:80\n`).join('')}`

const SSHD_CONFIG = `ListenAddress 127.0.0.1:2222
ListenAddress 127.0.0.2:2222
HostKey /etc/ha.d/host_key
AuthorizedKeysFile /etc/ha.d/user_key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
Subsystem sftp internal-sftp
SetEnv PATH=${process.env.PATH}
`

interface Guest {
  readonly vm: Rig
  readonly configure: (more?: Readonly<Record<string, string>>) => void
  readonly deploy: (...words: string[]) => Promise<{ status: number | null; text: string }>
  readonly inside: (...words: string[]) => Promise<string>
  readonly weights: () => Promise<string>
  /** Which real server answers this client. */
  readonly ask: (port: number) => Promise<string>
}

async function guest(t: ExecutionContext): Promise<Guest> {
  const etc = mkdtempSync(join(temporaryFolder(t), 'etc-'))
  mkdirSync(join(etc, 'maintenance'))
  mkdirSync(join(etc, 'source'))
  writeFileSync(join(etc, 'ldirectord.cf'), LDIRECTORD_CF)
  writeFileSync(join(etc, 'sshd_config'), SSHD_CONFIG)
  for (const key of ['host_key', 'user_key'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(etc, key)])
  const [type, key] = readFileSync(join(etc, 'host_key.pub'), 'utf8').split(' ')
  writeFileSync(join(etc, 'known_hosts'), `[127.0.0.1]:2222,[127.0.0.2]:2222 ${type} ${key}\n`)
  const configure: Guest['configure'] = more => writeFileSync(join(etc, 'deploy.cf'), deployCf(more))
  configure()
  const vm = await ipvsVm(t, '1', '--etc', `${etc}:rw`, '--share', project, '--reals', '2', '--mode', 'nat')
  const inside = (...words: string[]): Promise<string> => vm.command('exec', 'dir1', '-t', '40', ...words)
  await inside('ip', 'address', 'add', '10.77.0.200/24', 'dev', 'eth0')
  await inside('ip', 'address', 'add', '10.77.1.1/24', 'dev', 'eth1')
  await inside('/usr/sbin/ldirectord', 'ldirectord.cf', 'start')
  await inside(
    'sh',
    '-c',
    'mkdir -p /run/sshd /srv; ip link set lo up; /usr/sbin/sshd -f /etc/ha.d/sshd_config',
  )
  const weights = async (): Promise<string> => {
    const saved = await inside('ipvsadm', '-S', '-n')
    return [...saved.matchAll(/-t 10\.77\.0\.200:http -r .* -w (\d+)|-t 10\.77\.0\.200:80 -r .* -w (\d+)/g)]
      .map(([, byName, byNumber]) => byName ?? byNumber)
      .join(' ')
  }
  await until('both servers have their weight', 60_000, async () => (await weights()) === '1 1')
  return {
    vm,
    weights,
    configure,
    inside,
    deploy: async (...words) => {
      const result = await vm.attempt(
        ['exec', 'dir1', '-t', '50', process.execPath, bin('ha-deploy'), ...words],
        60_000,
      )
      return { status: result.exitCode, text: result.stdout + result.stderr }
    },
    ask: async port => {
      const words = ['client', '1', 'exec', 'curl', '-s', '-m', '3', `http://10.77.0.200:${port}/`]
      const answer = await vm.attempt(words)
      return /real \d/.exec(answer.stdout)?.[0] ?? `nothing (${answer.exitCode})`
    },
  }
}

/** Downloads that last: one for each server. */
async function connected({ vm, inside }: Guest) {
  const answers = [1, 2].map(() =>
    vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '40', 'http://10.77.0.200/?sleep=15'], 50_000),
  )
  await until('both are open', 10_000, async () => {
    const listed = await inside('ipvsadm', '-L', '-n')
    return (listed.match(/Masq +\d+ +1 /g) ?? []).length === 2
  })
  return answers
}

test('an open connection holds a drain open, with the count of the kernel, unless it is ended by on_timeout = kill', async t => {
  const site = await guest(t)
  const { deploy, weights, ask, configure } = site
  const slow = await connected(site)
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
  t.deepEqual(await Promise.all([ask(80), ask(80)]), ['real 2', 'real 2'])
  t.is((await deploy('undrain', 'web1')).status, 0)
  await until('the weight is back', 15_000, async () => (await weights()) === '1 1')

  configure({ max: '1', drain: 'on_timeout = kill' })
  const cut = await connected(site)
  const killed = await deploy('run', '--only', 'web1')
  t.is(killed.status, 0, killed.text)
  t.regex(killed.text, /web1 drain warning 1 connections were ended \(local\)/)
  const statuses = (await Promise.all(cut)).map(({ exitCode }) => exitCode)
  t.is(statuses.filter(status => status === 0).length, 1, `one of two was cut: ${statuses.join(' ')}`)
  t.is(await weights(), '1 1')

  await templates(t, site)
})

async function templates(t: ExecutionContext, site: Guest): Promise<void> {
  const { deploy, ask, configure, inside } = site
  const setting = async (): Promise<string> =>
    (await inside('cat', '/proc/sys/net/ipv4/vs/expire_quiescent_template')).trim()
  configure({ port: '81' })
  const mine = await ask(81)
  t.regex(mine, /^real [12]$/)
  const host = mine === 'real 1' ? 'web1' : 'web2'
  const held = await deploy('drain', host, '--wait')
  t.is(held.status, 4, held.text)
  t.regex(held.text, /weight 0 active 0 templates 1 wait≈\d{3}s/)
  t.is(await ask(81), mine, 'at weight 0 the kernel still brings the client here: that was no drain')
  t.is((await deploy('undrain', host)).status, 0)

  configure({ port: '81', drain: 'expire_template = require' })
  const refused = await deploy('run', '--only', host)
  t.is(refused.status, 4, refused.text)
  t.regex(refused.text, /readTuning: local: net\.ipv4\.vs\.expire_quiescent_template is 0/)
  t.is(await setting(), '0')

  configure({
    port: '81',
    drain: `expire_template = auto\n[hooks]\non_drained = cat /proc/sys/net/ipv4/vs/expire_quiescent_template >/tmp/during`,
  })
  const done = await deploy('run', '--only', host, '--label', 'auto')
  t.is(done.status, 0, done.text)
  t.regex(done.text, /expire_quiescent_template 0→1 for all virtual services there until the end of the run/)
  t.is((await inside('cat', '/tmp/during')).trim(), '1')
  t.is(await setting(), '0', 'it is restored')
  t.not(await ask(81), mine, 'the client went elsewhere')
}

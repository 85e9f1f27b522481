/** A director in a user-mode guest with IPVS and ldirectord 4.12, with two web servers behind it and ha-deploy on it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, ipvsVm, project, type Rig, run, until } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { SSH_PORT, sshdConfig } from './stage-machines.js'

export const NEEDS = [...IPVS_GUEST, 'ldirectord', 'perl-base', 'curl', 'openssh-server'] as const

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

/** Lines of [drain]: nothing is asked of ldirectord 4.12, whose start takes seconds in a guest. */
export const BY_KERNEL = 'method = maintenancedir\n[director]\ncounters = ipvsadm\n'

/** @param more lines of [drain] and behind it */
export const deployCf = (etc: string, more = ''): string => `[deploy]
application = shop
deploy_to = /srv/shop
source = source
min_up = 0%
[ssh]
port = ${SSH_PORT}
key = user_key
known_hosts = known_hosts
[health]
watch = 0
[host:web1]
address = 10.77.1.21
real = 10.77.1.21:80
deploy_to = ${etc}/site1
[host:web2]
address = 10.77.1.22
real = 10.77.1.22:80
deploy_to = ${etc}/site2
[drain]
wait_short = 0
wait_persistent = 0
max = 3
${more}`

export interface Guest {
  /** The guest's /etc/ha.d, as this process sees it. */
  readonly etc: string
  readonly vm: Rig
  readonly deploy: (...words: string[]) => Promise<{ status: number | null; text: string }>
  readonly weights: () => Promise<string>
  /** Which real server answers this client. */
  readonly ask: () => Promise<string>
}

export async function guest(t: ExecutionContext, persistent: string): Promise<Guest> {
  const etc = temporaryFolder(t)
  mkdirSync(join(etc, 'maintenance'))
  writeFileSync(join(etc, 'ldirectord.cf'), ldirectordCf(persistent))
  writeFileSync(join(etc, 'deploy.cf'), deployCf(etc))
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
    etc,
    vm,
    weights,
    deploy: async (...words) => {
      const result = await vm.attempt(
        ['exec', 'dir1', '-t', '100', process.execPath, bin('ha-deploy'), ...words],
        120_000,
      )
      return { status: result.exitCode, text: result.stdout + result.stderr }
    },
    ask: async () => {
      const answer = await vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '3', 'http://10.77.0.200/'])
      return /real \d/.exec(answer.stdout)?.[0] ?? `nothing (${answer.exitCode})`
    },
  }
}

/** A real server that can be reached by ssh, with a source to release. */
export async function withSsh({ etc, vm }: Guest, web: 1 | 2): Promise<void> {
  mkdirSync(join(etc, 'source'), { recursive: true })
  writeFileSync(join(etc, 'source/version'), 'one\n')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(etc, 'user_key')])
  const config = await sshdConfig(etc, join(etc, `ssh${web}`), `10.77.1.2${web}`)
  const inside = 'mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f "$1"'
  const words = ['real', String(web), 'exec', 'unshare', '-m', 'sh', '-c', inside, 'sh', config]
  // It ends with its namespace.
  void vm.attempt(words, 170_000)
}

/**
 * ldirectord in a user-mode kernel that has IPVS. The same life is run with ldirectord 4.12 and with ours: the
 * kernel's table must be the same at each step, and a client must be served.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { bin, ipvsVm, project, type Rig, until } from './harness.js'
import { IPVS_GUEST } from './machine.js'
import { peerTest } from './require.js'

const test = peerTest(...IPVS_GUEST, 'ldirectord', 'perl-base', 'curl')

const CONFIG = `checktimeout=2
negotiatetimeout=2
checkinterval=1
quiescent=yes
logfile="/var/log/ldirectord.log"
virtual=10.77.0.200:80
    real=10.77.1.21:80 masq 3
    real=10.77.1.22:80 masq 1
    fallback=127.0.0.1:80 masq
    service=http
    request="/"
    receive="real"
    scheduler=wrr
    protocol=tcp
    checktype=negotiate
`

type Kind = 'original' | 'ours'
const PROGRAM: Readonly<Record<Kind, readonly string[]>> = {
  original: ['/usr/sbin/ldirectord'],
  ours: [process.execPath, bin('ldirectord')],
}

/** Lines of `ipvsadm -S -n`: services and destinations with method and weight, in a fixed order. */
async function table(vm: Rig): Promise<string> {
  const saved = await vm.command('exec', 'dir1', '-t', '10', 'ipvsadm', '-S', '-n')
  return saved
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .sort()
    .join('\n')
}

async function isServedBy(vm: Rig, wanted: RegExp): Promise<boolean> {
  for (let question = 0; question < 4; question++) {
    const answer = await vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '3', 'http://10.77.0.200/'])
    if (!wanted.test(answer.stdout)) return false
  }
  return true
}

/** The table with the given weights; null: not in the table. */
function expected(weights: { real1: number; real2: number; fallback: number | null }): string {
  const destination = (real: string, weight: number): string =>
    `-a -t 10.77.0.200:80 -r ${real}:80 -m -w ${weight}`
  return [
    '-A -t 10.77.0.200:80 -s wrr',
    destination('10.77.1.21', weights.real1),
    destination('10.77.1.22', weights.real2),
    ...(weights.fallback === null ? [] : [destination('127.0.0.1', weights.fallback)]),
  ].join('\n')
}

/** Starts ldirectord, loses a real server, then both, gets one back, stops. */
async function life(t: ExecutionContext, kind: Kind): Promise<void> {
  const etc = temporaryFolder(t)
  writeFileSync(join(etc, 'ldirectord.cf'), CONFIG)
  const vm = await ipvsVm(t, '1', '--etc', etc, '--share', project, '--reals', '2', '--mode', 'nat')
  const guest = (...words: string[]): Promise<string> => vm.command('exec', 'dir1', '-t', '40', ...words)
  const director = (action: string): Promise<string> => guest(...PROGRAM[kind], 'ldirectord.cf', action)
  await guest('ip', 'address', 'add', '10.77.0.200/24', 'dev', 'eth0')
  await guest('ip', 'address', 'add', '10.77.1.1/24', 'dev', 'eth1')
  const settles = async (step: string, wanted: string): Promise<void> => {
    let last = ''
    await until(step, 30_000, async () => {
      last = await table(vm)
      return last === wanted
    }).catch(async error => {
      const log = await vm.attempt(['exec', 'dir1', '-t', '5', 'tail', '-40', '/var/log/ldirectord.log'])
      throw new Error(`${error.message}\n${last}\n${log.stdout}`)
    })
  }

  await director('start')
  await settles('both real servers are up', expected({ real1: 3, real2: 1, fallback: null }))
  t.true(await isServedBy(vm, /^real [12]$/m), 'a client is served by the real servers')

  await vm.command('real', '1', 'reject', 'on')
  await settles('real 1 refuses', expected({ real1: 0, real2: 1, fallback: null }))
  t.true(await isServedBy(vm, /^real 2$/m), 'a client is served by real 2 alone')

  await vm.command('real', '2', 'reject', 'on')
  await settles('both refuse', expected({ real1: 0, real2: 0, fallback: 1 }))

  await vm.command('real', '1', 'reject', 'off')
  await settles('real 1 is back', expected({ real1: 3, real2: 0, fallback: null }))

  await director('stop')
  await settles('stopped', '')
}

test('ldirectord 4.12 brings the kernel to these tables (so they are the right ones)', async t => {
  await life(t, 'original')
})

test('our ldirectord brings a kernel with IPVS to the same tables, and a client is served', async t => {
  await life(t, 'ours')
})

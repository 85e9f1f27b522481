/**
 * Drains in a kernel with IPVS: the weight that a client sees, the templates that bind a persistent client, and what
 * expire_quiescent_template changes. Expected is what Linux does with weight 0, not what we say it does.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '../../src/ldirectord/core/status.js'
import { temporaryFolder } from '../temporary-folder.js'
import { bin, ipvsVm, project, until } from './harness.js'
import { IPVS_GUEST } from './machine.js'
import { peerTest } from './require.js'

const test = peerTest(...IPVS_GUEST, 'curl')

const CONFIG = `checktimeout=2
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=10.77.0.200:80
    real=10.77.1.21:80 masq
    real=10.77.1.22:80 masq
    service=http
    request="/"
    receive="real"
    persistent=600
    checktype=negotiate
`

test('a drained server gets no new client; a bound one keeps coming until the kernel lets go of it', async t => {
  const etc = temporaryFolder(t)
  writeFileSync(join(etc, 'ldirectord.cf'), CONFIG)
  const vm = await ipvsVm(t, '1', '--etc', etc, '--share', project, '--reals', '2', '--mode', 'nat')
  const guest = (...words: string[]) => vm.command('exec', 'dir1', '-t', '40', ...words)
  const ldirectord = (...words: string[]) =>
    guest(process.execPath, bin('ldirectord'), 'ldirectord.cf', ...words)
  const answer = async (): Promise<string> =>
    (await vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '3', 'http://10.77.0.200/'])).stdout.trim()
  const real = async (server: string) => {
    const status = JSON.parse(await ldirectord('status', '--json')) as Status
    return status.virtuals[0]!.reals.find(entry => entry.server === server)!
  }
  await guest('ip', 'address', 'add', '10.77.0.200/24', 'dev', 'eth0')
  await guest('ip', 'address', 'add', '10.77.1.1/24', 'dev', 'eth1')
  await ldirectord('start')
  const name = await until(
    'a client is served',
    30_000,
    async () => /^real [12]$/.exec(await answer())?.[0] ?? null,
  )
  const server = name === 'real 1' ? '10.77.1.21:80' : '10.77.1.22:80'

  await ldirectord('drain', server, '--reason', 'kernel')
  await until('weight 0 in the kernel', 10_000, async () =>
    (await guest('ipvsadm', '-S', '-n')).includes(`-r ${server} -m -w 0`),
  )
  t.is(await answer(), name, 'the kernel sends a bound client to a server with weight 0')
  const bound = await real(server)
  t.is(bound.drain?.templates, 1)
  t.false(bound.drain?.isDrained)
  t.is(bound.drain?.seconds, 660)
  t.is(bound.health, 'up', 'checks go on')

  await guest('sysctl', '-w', 'net.ipv4.vs.expire_quiescent_template=1')
  await ldirectord('drain', server, '--wait=20')
  t.not(await answer(), name, 'the next connection goes elsewhere')

  await ldirectord('undrain', server)
  await until('the weight is back', 10_000, async () =>
    (await guest('ipvsadm', '-S', '-n')).includes(`-r ${server} -m -w 1`),
  )
  await ldirectord('stop')
})

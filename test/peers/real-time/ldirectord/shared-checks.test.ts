/** A daemon whose checks are shared by two virtual services, and show certificates. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Outcome } from '../../../../src/ldirectord/checks/check.js'
import { temporaryFolder } from '../../../temporary-folder.js'
import { ask, running } from './running-daemon.js'

const OK: Outcome = { passed: true, code: 'OK', detail: 'fine' }

const SHARED = `checkinterval=1
quiescent=yes
maintenancedir=MAINTENANCE
virtual=127.0.1.1:443
    real=127.0.2.1:443 masq
    service=https
    tlsexpirywarn=30
virtual=127.0.1.2:443
    real=127.0.2.1:443 masq 3
    service=https
    tlsexpirywarn=30
`

test('one probe asks for two virtual services; a drain in one leaves the other, maintenance takes both out', async t => {
  const folder = temporaryFolder(t)
  const { daemon, forwarder, instance, options, said } = await running(
    t,
    SHARED.replace('MAINTENANCE', folder),
  )
  let probes = 0
  Object.assign(options, {
    runCheck: async () => {
      probes++
      return OK
    },
  })
  await daemon.start()
  t.is(probes, 1)
  const weights = () => forwarder.table.services.map(({ destinations }) => destinations[0]?.weight)
  t.deepEqual(weights(), [1, 3])
  await ask(instance.socket, {
    kind: 'drain',
    server: '127.0.2.1:443',
    virtual: '127.0.1.1:443',
    who: 'ann',
    reason: 'disk',
    untilMs: null,
  })
  await said(/^Quiescent real server: 127\.0\.2\.1:443 \(127\.0\.1\.1:443\)/)
  t.deepEqual(weights(), [0, 3])
  await writeFile(join(folder, '127.0.2.1:443'), '')
  await said(/127\.0\.1\.2:443.*up -> down \(Server in maintenance\)/)
  const maintained = probes
  await said(/^Quiescent real server: 127\.0\.2\.1:443 \(127\.0\.1\.2:443\)/)
  t.is(probes, maintained, 'a server under maintenance is not asked')
})

test('a certificate that ends soon is warned of once, and stands in the status with its end', async t => {
  const { daemon, instance, log, options, said } = await running(t, SHARED.replace('MAINTENANCE', '/nowhere'))
  const certificateEndsMs = Date.now() + 5.5 * 86_400_000
  let rounds = 0
  let enough = (): void => {}
  const third = new Promise<void>(resolve => {
    enough = resolve
  })
  Object.assign(options, {
    runCheck: async () => {
      if (++rounds === 3) enough()
      return { ...OK, certificateEndsMs }
    },
  })
  await daemon.start()
  await said(/certificate expires in 5 days/)
  await third
  t.is(log.filter(line => line.includes('certificate')).length, 2, 'one for each virtual service')
  const [virtual] = (await ask(instance.socket, 'status')).virtuals
  t.deepEqual(virtual.reals[0].certificate, {
    endsUnixMs: certificateEndsMs,
    warning: 'the certificate expires in 5 days',
  })
  t.is(virtual.reals[0].health, 'up')
})

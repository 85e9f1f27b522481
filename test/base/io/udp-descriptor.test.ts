import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import test from 'ava'
import { closeDescriptor, isNativeFailure, nativeFault } from '../../../src/base/io/native.js'
import { openUdpSocket } from '../../../src/base/io/udp-descriptor.js'

const native = nativeFault() === null ? test : test.skip

native('a UDP socket bound to lo is adopted by dgram, hears lo and sends marked packets', async t => {
  const fd = openUdpSocket({ address: '127.0.0.1', port: 0, device: 'lo', lowDelay: true, broadcast: true })
  if (isNativeFailure(fd)) return t.fail(fd.reason)
  const receiver = createSocket('udp4')
  await new Promise<void>(resolve => receiver.bind({ fd }, resolve))
  const sender = createSocket('udp4')
  t.teardown(() => sender.close())
  t.teardown(() => receiver.close())
  sender.send('hello', receiver.address().port, '127.0.0.1')
  const [bytes] = await once(receiver, 'message')
  t.is(String(bytes), 'hello')
})

native('a second socket on the same address and port is refused, unless both allow it', t => {
  const open = (reuse: boolean, port = 0) =>
    openUdpSocket({ address: '127.0.0.1', port, reuseAddress: reuse, reusePort: reuse })
  const probe = createSocket('udp4')
  return new Promise<void>(resolve => {
    probe.bind(0, '127.0.0.1', () => {
      const { port } = probe.address()
      const refused = open(false, port)
      t.true(
        isNativeFailure(refused) && refused.code === 'EADDRINUSE' && refused.reason === 'bind: EADDRINUSE',
      )
      probe.close(() => {
        const both = [open(true, port), open(true, port)]
        t.false(both.some(isNativeFailure))
        for (const fd of both) if (!isNativeFailure(fd)) closeDescriptor(fd)
        resolve()
      })
    })
  })
})

native('an unknown device is named by the system, a foreign address too', t => {
  const noDevice = openUdpSocket({ address: '0.0.0.0', port: 0, device: 'nosuch0' })
  t.deepEqual(noDevice, { reason: 'SO_BINDTODEVICE: ENODEV', code: 'ENODEV' })
  const foreign = openUdpSocket({ address: '192.0.2.1', port: 0 })
  t.deepEqual(foreign, { reason: 'bind: EADDRNOTAVAIL', code: 'EADDRNOTAVAIL' })
  t.true(isNativeFailure(openUdpSocket({ address: 'example', port: 0 })))
})

import test from 'ava'
import { sendGratuitousArp } from '../../../src/base/io/ethernet.js'
import { nativeFault } from '../../../src/base/io/native.js'

const native = nativeFault() === null ? test : test.skip

native('gratuitous ARP names the interface that is missing and the one without Ethernet', t => {
  t.is(sendGratuitousArp('nosuch0', '10.0.0.1')?.code, 'ENODEV')
  t.is(sendGratuitousArp('lo', '127.0.0.1')?.reason, 'lo has no Ethernet address')
  t.is(sendGratuitousArp('../lo', '10.0.0.1')?.code, 'EINVAL')
  t.is(sendGratuitousArp('lo', '10.0.0')?.code, 'EINVAL')
})

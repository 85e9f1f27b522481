import test from 'ava'
import fc from 'fast-check'
import { Message } from '../../../src/heartbeat/wire/message.js'
import { OwnPackets } from '../../../src/heartbeat/wire/own-packets.js'

const message = Message.of(['t', 'status'])

test('a datagram of ours comes back as the message that it was; one with another byte does not', t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (sent, at, by) => {
        const own = new OwnPackets()
        own.sent(sent, message)
        const changed = sent.with(at % sent.length, sent[at % sent.length]! ^ by)
        t.is(own.find(Uint8Array.from(sent)), message)
        t.is(own.find(changed), undefined)
        t.is(own.find(sent.subarray(1)), undefined)
      },
    ),
  )
})

test('only the last ones are remembered', t => {
  const own = new OwnPackets()
  for (let number = 0; number < 100; number++) own.sent(Uint8Array.of(number), message)
  t.is(own.find(Uint8Array.of(0)), undefined)
  t.is(own.find(Uint8Array.of(99)), message)
})

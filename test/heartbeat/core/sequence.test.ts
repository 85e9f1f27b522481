import test from 'ava'
import fc from 'fast-check'
import { createPrng } from '../../../src/base/prng.js'
import { Reception } from '../../../src/heartbeat/core/sequence.js'

const status = (seq: number, generation = 5) => ({ isStatus: true, generation, seq })
const other = (seq: number, generation = 5) => ({ isStatus: false, generation, seq })
const reception = (seed = 1): Reception => new Reception(250, createPrng(seed))

test('the first packet counts from wherever it is', t => {
  const heard = reception()
  t.is(heard.judge(status(46), 0).verdict, 'accept')
  t.is(heard.missing, 0)
  t.is(heard.judge(status(46), 1).verdict, 'duplicate')
  t.is(heard.judge(status(45), 2).verdict, 'duplicate', 'what was sent before is not missed')
})

test('number n+1 before n is taken in silence, and n is not asked for when it follows at once', t => {
  const heard = reception()
  heard.judge(other(1), 0)
  t.is(heard.judge(other(3), 10).verdict, 'accept')
  t.deepEqual(heard.due(10), [])
  const late = heard.judge(other(2), 12)
  t.like(late, { verdict: 'accept', gapClosed: false })
  t.deepEqual(heard.due(10_000), [])
})

test('a gap that stays is asked for after 50 to 250 ms, said once, and asked again each 250 ms', t => {
  const heard = reception()
  heard.judge(other(1), 0)
  heard.judge(other(5), 0)
  t.true(heard.nextRequestMs() >= 50)
  const first = heard.due(250)
  t.deepEqual(
    first.map(request => request.seq),
    [2, 3, 4],
  )
  t.deepEqual(
    first.filter(request => request.gap !== undefined).map(request => request.gap),
    [{ count: 3, last: 1, current: 5 }],
  )
  t.deepEqual(heard.due(499), [])
  t.is(heard.due(500).length, 3)
  for (const seq of [4, 2]) t.like(heard.judge(other(seq), 510), { verdict: 'accept', gapClosed: false })
  t.like(heard.judge(other(3), 510), { verdict: 'accept', gapClosed: true })
})

test('an older generation is a replay; only a status opens a newer one', t => {
  const heard = reception()
  heard.judge(status(9, 5), 0)
  t.deepEqual(heard.judge(status(1, 4), 1), { verdict: 'replay', current: 5 })
  t.is(heard.judge(other(1, 6), 2).verdict, 'duplicate')
  t.like(heard.judge(status(1, 6), 3), { verdict: 'accept', restarted: true })
  t.is(heard.judge(other(10, 5), 4).verdict, 'replay')
})

test('after a restart the packets before the first that arrives are missed', t => {
  const heard = reception()
  heard.judge(status(90, 5), 0)
  heard.judge(status(3, 6), 1)
  t.is(heard.missing, 2)
  t.is(heard.judge(other(2, 6), 2).verdict, 'accept')
})

test('a gap of more than 250 is given up and counting starts over', t => {
  const heard = reception()
  heard.judge(other(1), 0)
  t.like(heard.judge(other(300), 1), { verdict: 'accept', lostALot: true })
  t.is(heard.missing, 0)
  t.is(heard.last, 300)
})

test('what the sender no longer has is forgotten', t => {
  const heard = reception()
  heard.judge(other(1), 0)
  heard.judge(other(3), 0)
  t.true(heard.forget(2))
  t.false(heard.forget(2))
  t.is(heard.missing, 0)
})

// Any order, any doubles: each packet is accepted once, and acknowledged numbers have nothing missing below them.
const arrivals = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 300 })
test('each number is accepted at most once, whatever the order', t => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 1000 }), (order, seed) => {
      const heard = reception(seed)
      const accepted = new Set<number>()
      let highestAck = 0
      for (const [at, seq] of order.entries()) {
        const first = accepted.size === 0
        const { verdict } = heard.judge(other(seq), at)
        if (verdict === 'accept') {
          if (accepted.has(seq)) return false
          accepted.add(seq)
        } else if (!accepted.has(seq) && !first && seq > Math.min(...accepted)) return false
        const ack = heard.ackDue()
        if (ack === undefined) continue
        if (ack <= highestAck) return false
        highestAck = ack
        for (let below = Math.min(...accepted); below <= ack; below++) if (!accepted.has(below)) return false
      }
      return heard.missing <= 500
    }),
  )
  t.pass()
})

test('acknowledgements come on one trigger of ten', t => {
  const heard = reception(3)
  const acks: number[] = []
  for (let seq = 1; seq <= 100; seq++) {
    heard.judge(other(seq), seq)
    const ack = heard.ackDue()
    if (ack !== undefined) acks.push(ack)
  }
  t.true(acks.length >= 9 && acks.length <= 11)
  t.is(new Set(acks.map(ack => ack % 10)).size, 1)
})

import test from 'ava'
import { History } from '../../../src/heartbeat/core/retransmit.js'
import { Message } from '../../../src/heartbeat/wire/message.js'

const message = (seq: number): Message => Message.of(['t', 'status'], ['seq', seq.toString(16)])
const filled = (count: number): History => {
  const history = new History(250)
  for (let seq = 1; seq <= count; seq++) history.remember(seq, message(seq))
  return history
}

test('what is asked for is resent as it was', t => {
  const history = new History(250)
  const sent = message(1)
  history.remember(1, sent)
  const [answer] = history.answer('beta', 1, 1, 0)
  t.true(answer?.kind === 'resend' && answer.message === sent)
})

test('the same number is not resent within max_rexmit_delay less 10 ms', t => {
  const history = filled(3)
  t.is(history.answer('beta', 2, 2, 1000).length, 1)
  t.is(history.answer('beta', 2, 2, 1239).length, 0)
  t.is(history.answer('beta', 2, 2, 1240).length, 1)
})

test('no more than 500 are kept; an older one is answered as unknown', t => {
  const history = filled(600)
  t.is(history.length, 500)
  t.deepEqual(history.answer('beta', 100, 100, 0), [{ kind: 'unknown', seq: 100, info: 'seqno too low' }])
})

test('history is freed up to the lowest number that all living peers have', t => {
  const history = filled(100)
  history.acknowledge('beta', 90, ['beta', 'gamma'])
  t.is(history.length, 100)
  history.acknowledge('gamma', 40, ['beta', 'gamma'])
  t.is(history.length, 60)
  history.acknowledge('beta', 91, ['beta'])
  t.is(history.length, 9)
  t.deepEqual(history.answer('beta', 50, 50, 0), [], 'who has it need not be told')
})

test('an acknowledgement of what was never sent is refused', t => {
  const history = filled(5)
  t.false(history.acknowledge('beta', 6, ['beta']))
  t.is(history.length, 5)
})

test('one request is answered with 50 at most, and nothing beyond what was sent', t => {
  const history = filled(120)
  t.is(history.answer('beta', 1, 4_000_000, 0).length, 50)
  t.is(history.answer('beta', 119, 4_000_000, 0).length, 2)
  t.is(history.answer('beta', 500, 10, 0).length, 0)
})

import test from 'ava'
import {
  losesReceived,
  losesSent,
  parseOnlyForTesting,
} from '../../../src/heartbeat/config/only-for-testing.js'

/** Chance as it falls when the die shows this, from 0 up to 1. */
const at = (shown: number) => (probability: number) => shown < probability
const read = (text: string) => parseOnlyForTesting(text, '/etc/ha.d/OnlyForTesting')

// File and lines as with TestHeartbeatComm and heartbeat 3.0.6.
test('the file of TestHeartbeatComm is read, with the lines of the original', t => {
  const { losses, lines } = read('xmitloss=0.25\nrcvloss=0.5\nallownodes=beta;10.77.0.254;\njunk=7\nword\n')
  t.deepEqual(losses, { xmit: 0.25, receive: 0.5, allowNodes: new Set(['beta', '10.77.0.254']) })
  t.deepEqual(
    lines.map(({ level, text }) => `${level}: ${text}`),
    [
      'info: WARNING: Enabling Test Code',
      'info: Xmit loss probability = 0.250',
      'info: Receive loss probability = 0.500',
      'info: Allow nodes = beta;10.77.0.254;',
      'ERROR: Cannot recognize test param [junk] in [/etc/ha.d/OnlyForTesting]',
      'info: WARNING: Above Options Now Enabled.',
    ],
  )
})

test('a probability that is no number is 0, and none leaves the range from 0 to 1', t => {
  t.is(read('xmitloss=abc\n').losses.xmit, 0)
  t.is(read('xmitloss=7\n').losses.xmit, 1)
  t.is(read('rcvloss=-1\n').losses.receive, 0)
})

test('what is received is lost unless it is ours or of an allowed node', t => {
  const { losses } = read('rcvloss=0.5\nallownodes=Beta;\n')
  t.true(losesReceived(losses, 'router', 'alpha', at(0.4)))
  t.false(losesReceived(losses, 'router', 'alpha', at(0.6)))
  t.false(losesReceived(losses, 'beta', 'alpha', at(0)))
  t.false(losesReceived(losses, 'alpha', 'alpha', at(0)))
  t.false(losesReceived(null, 'router', 'alpha', at(0)))
})

test('what is sent is lost only while no node is allowed', t => {
  t.true(losesSent(read('xmitloss=1\nallownodes=;\n').losses, at(0.9)))
  t.false(losesSent(read('xmitloss=1\nallownodes=beta;\n').losses, at(0)))
  t.false(losesSent(null, at(0)))
})

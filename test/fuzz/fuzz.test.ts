/** A short run of what `npm run fuzz` does for a million inputs. */
import test from 'ava'
import { isRefusal, Message } from '../../src/heartbeat/wire/message.js'
import { sealMessage } from '../../src/heartbeat/wire/packet.js'
import { failureOf, fuzz, inputsOf, ROUND, shrink } from './fuzz.js'
import { RING } from './inputs.js'
import { garbageCollector, HEAP_GROWTH_BYTES_MAX } from './main.js'

/** How far the inputs have to get: every kind must come up, else the fuzzing has become blind. */
const REACHED = [
  ...['packet foreign', 'packet malformed', 'packet unsigned', 'packet unknown-key', 'packet wrong-digest'],
  ...['packet accepted in classic form', 'packet accepted in netstring form'],
  ...[
    'fifo message',
    'fifo a message without an end',
    'fifo a line without =',
    'fifo a NUL inside a message',
  ],
  ...['fifo not the field of a message', 'frame message', 'frame unreadable', 'frame a frame of N bytes'],
  ...['frame a frame with a wrong magic number', 'control status', 'control watch', 'control unknown'],
  ...['control incomplete', 'api signon OK', 'api signon badreq', 'api nodelist OK', 'api setfilter OK'],
  ...[
    'api setfilter badreq',
    'api getparm OK',
    'api clientstatus badreq',
    'api submit',
    'api signal',
    'api close',
  ],
  ...['sends NS_rexmit', 'sends NS_ackmsg', 'sends NS_nak_rexmit', 'sends repnodes', 'sends ask_resources'],
  ...['sends systole', 'sends resource', 'effect communicationUp', 'effect generation', 'effect stopped'],
  ...['effect announce', 'job takeLocal', 'job takeFrom', 'job give', 'job giveAll', 'decides: restarted'],
  ...['decides: active -> dead', 'decides: dead -> active', 'decides: added to the cluster'],
  ...['decides: deleted from the cluster', 'decides: both nodes hold all', 'logs ERROR', 'logs CRIT'],
]

test('30000 hostile inputs break no law, reach every door and deep states, and leave memory and log small', t => {
  const outcome = fuzz(30_000, 1, garbageCollector(), () => {})
  t.deepEqual(
    REACHED.filter(kind => outcome.tally.of(kind) === 0),
    [],
    'kinds that never came up',
  )
  t.true(outcome.heapGrowthBytes < HEAP_GROWTH_BYTES_MAX, `${outcome.heapGrowthBytes} bytes`)
  t.true(outcome.lines <= outcome.linesAllowed, `${outcome.lines} lines`)
})

test('inputs depend on the seed alone', t => {
  t.deepEqual(inputsOf(7), inputsOf(7))
  t.notDeepEqual(inputsOf(7), inputsOf(8))
})

test('a broken law is found, and shrunk to the inputs that break it', t => {
  const stranger = sealMessage(Message.of(['t', 'status'], ['src', 'beta'], ['ts', '1']), RING, 'netstring')
  if (isRefusal(stranger)) return t.fail(stranger.reason)
  const inputs = [...inputsOf(3, ROUND)]
  // As if somebody without a key had made it.
  inputs[400] = { ...inputs[400]!, door: 'packet', bytes: stranger, ring: RING, isForged: true }
  t.regex(failureOf(3, inputs)?.message ?? '', /nobody has signed/)
  const few = shrink(3, inputs)
  t.deepEqual(
    few.map(({ bytes }) => bytes),
    [stranger],
  )
})

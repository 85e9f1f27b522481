/** When the original repeats its mails: measured with ldirectord 4.12, emailalertfreq=2 and 4 (oracle case 13). */
import test from 'ava'
import { Director } from '../../../src/ldirectord/core/director.js'
import { Repeats } from '../../../src/ldirectord/core/repeats.js'
import { config, real, virtual } from '../sample-config.js'

const file = (emailalertfreq: number) =>
  config([
    virtual('127.0.1.1:80', [real('127.0.2.1:80'), real('127.0.2.2:80')], {
      emailalert: 'ops@example.com',
      emailalertfreq,
      emailalertstatus: ['running'],
    }),
  ])
const TEXT = 'Inaccessible real server: 127.0.2.1:80 (127.0.1.1:80)'

function down(director: Director, atMs: number, isUp = false): void {
  const outcome = isUp
    ? ({ passed: true, code: 'OK', detail: '' } as const)
    : ({ passed: false, code: 'L4CON', detail: '' } as const)
  director.step({ kind: 'checked', targets: [{ virtual: 0, real: 0 }], outcome, durationMs: 1 }, atMs)
}

/** The seconds at which a repeat is due, asked every second. */
function repeatsOf(seconds: number, freq: number, act: (director: Director, atMs: number) => void): number[] {
  const used = file(freq)
  const director = new Director(used, { adopted: [] }, 0)
  const repeats = new Repeats()
  const due: number[] = []
  for (let second = 0; second <= seconds; second++) {
    act(director, second * 1000)
    if (repeats.due(used, director, second * 1000).some(({ text }) => text === TEXT)) due.push(second)
  }
  return due
}

test('a server that is down from the start is told of every emailalertfreq seconds', t => {
  t.deepEqual(
    repeatsOf(8, 2, (director, atMs) => down(director, atMs)),
    [2, 4, 6, 8],
  )
})

test('the repeats end with the recovery and start anew with the next failure', t => {
  const act = (director: Director, atMs: number) => down(director, atMs, atMs >= 9_000 && atMs < 12_000)
  t.deepEqual(repeatsOf(17, 4, act), [4, 8, 16])
})

test('emailalertfreq=0 and a server that was never checked are never told of again', t => {
  t.deepEqual(
    repeatsOf(8, 0, (director, atMs) => down(director, atMs)),
    [],
  )
  t.deepEqual(
    repeatsOf(8, 2, () => {}),
    [],
  )
})

test('a reload does not start the time again', t => {
  const used = file(4)
  const before = new Director(used, { adopted: [] }, 0)
  down(before, 0)
  const repeats = new Repeats()
  t.is(repeats.due(used, before, 3_000).length, 0)
  const after = new Director(used, { adopted: [] }, 3_000)
  t.is(repeats.due(used, after, 3_100).length, 0, 'not known again yet')
  down(after, 3_200)
  t.is(repeats.due(used, after, 4_000).length, 1)
})

test('a drained server is not told of: somebody took it out', t => {
  const drain = {
    address: '127.0.2.1',
    port: 80,
    virtual: null,
    who: 'ann',
    reason: '',
    sinceMs: 0,
    untilMs: null,
  }
  const act = (director: Director, atMs: number) => {
    director.step({ kind: 'drains', drainOf: ({ real: index }) => (index === 0 ? drain : null) }, atMs)
    down(director, atMs)
  }
  t.deepEqual(repeatsOf(8, 2, act), [])
})

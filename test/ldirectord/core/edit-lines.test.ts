/** The expected lines were written by ldirectord 4.12 (the recorded logs of test/peers/rig/ldirectord-oracle). */
import test from 'ava'
import { canonicalKey, fallbackDestination, realDestination } from '../../../src/ldirectord/core/desired.js'
import { editLine, type Phase, virtualIndexes } from '../../../src/ldirectord/core/edit-lines.js'
import type { Edit } from '../../../src/ldirectord/core/table.js'
import { config, real, virtual } from '../sample-config.js'

const A = real('127.0.2.1:80', { weight: 2 })
const fallback = { address: '127.0.0.1', port: 80, method: 'gate' as const, line: 1 }
const file = config([virtual('127.0.1.1:80', [A], { fallback })])
const key = canonicalKey(file.virtuals[0]!.key)
const line = (edit: Edit, phase: Phase, up: boolean, over = {}): string =>
  editLine(edit, config(file.virtuals, over), virtualIndexes(file), phase, () => up).text

const alive = realDestination(key, A, 2)
const resting = realDestination(key, A, 0)
const sorry = fallbackDestination(key, fallback)
const foreign = realDestination(key, real('127.0.2.9:80'), 9)

const rows: readonly (readonly [Edit, Phase, boolean, string])[] = [
  [
    { kind: 'addDestination', key, destination: alive },
    'loading',
    true,
    'Added real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 2)',
  ],
  [
    { kind: 'editDestination', key, destination: alive },
    'running',
    true,
    'Restored real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 2)',
  ],
  [
    { kind: 'editDestination', key, destination: resting },
    'running',
    false,
    'Quiescent real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 0)',
  ],
  [
    { kind: 'deleteDestination', key, destination: alive },
    'running',
    false,
    'Deleted real server: 127.0.2.1:80 (127.0.1.1:80)',
  ],
  [
    { kind: 'deleteDestination', key, destination: foreign },
    'loading',
    false,
    'Purged real server (start): 127.0.2.9:80 (127.0.1.1:80)',
  ],
  [
    { kind: 'deleteDestination', key, destination: alive },
    'stopping',
    true,
    'Purged real server (stop): 127.0.2.1:80 (127.0.1.1:80)',
  ],
  [
    { kind: 'addDestination', key, destination: sorry },
    'running',
    false,
    'Added fallback server: 127.0.0.1:80 (127.0.1.1:80) (Weight set to 1)',
  ],
  [
    { kind: 'deleteDestination', key, destination: sorry },
    'running',
    true,
    'Deleted fallback server: 127.0.0.1:80 (127.0.1.1:80)',
  ],
  [{ kind: 'deleteService', key }, 'stopping', true, 'Purged virtual server (stop): 127.0.1.1:80'],
]
for (const [edit, phase, up, expected] of rows) {
  test(`${edit.kind} while ${phase} is told as "${expected}"`, t => {
    t.is(line(edit, phase, up), expected)
  })
}

test('a dead server that is listed again is told as readded with readdquiescent=yes', t => {
  const edit: Edit = { kind: 'addDestination', key, destination: resting }
  t.is(
    line(edit, 'running', false, { readdquiescent: true }),
    'Readd Quiescent real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 0)',
  )
})

test('a server that gets its weight back in steps is mailed once, when it has all of it', t => {
  const alertAt = (weight: number): string | null =>
    editLine(
      { kind: 'editDestination', key, destination: realDestination(key, A, weight) },
      file,
      virtualIndexes(file),
      'running',
      () => true,
    ).alert
  t.deepEqual([1, 2].map(alertAt), [
    null,
    'Restored real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 2)',
  ])
})

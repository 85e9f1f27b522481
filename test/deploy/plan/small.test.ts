/** Batches, releases, the command line: small pure rules of a run. */
import test from 'ava'
import fc from 'fast-check'
import { parseArguments } from '../../../src/deploy/plan/arguments.js'
import { batchSize } from '../../../src/deploy/plan/batches.js'
import { readFacts } from '../../../src/deploy/plan/ldirectord-cf.js'
import {
  prunable,
  readHostView,
  releaseId,
  rollbackTarget,
  sharedLink,
} from '../../../src/deploy/plan/releases.js'

/** The sizes of all batches until nobody is left. */
function sizes(batch: Parameters<typeof batchSize>[0], hosts: number): number[] {
  const found: number[] = []
  for (let left = hosts; left > 0; left -= found.at(-1)!) found.push(batchSize(batch, found.length, left))
  return found
}

test('1,50% is one host, then half of the rest each', t => {
  t.deepEqual(sizes([{ count: 1 }, { percent: 50 }], 10), [1, 4, 2, 1, 1, 1])
  t.deepEqual(sizes([{ count: 1 }], 3), [1, 1, 1])
  t.deepEqual(sizes([{ percent: 100 }], 7), [7])
})

test('batches always end, whatever the list says', t => {
  const share = fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  )
  fc.assert(
    fc.property(
      fc.array(share, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 60 }),
      (batch, hosts) => {
        t.is(
          sizes(batch, hosts).reduce((sum, size) => sum + size, 0),
          hosts,
        )
      },
    ),
  )
})

const release = (id: string, state: string): string =>
  `release ${id} ${JSON.stringify({ id, run: 'r', digest: null, state, times: {} })}`

const VIEW = readHostView(
  [
    'current releases/20260104000000',
    'writable',
    release('20260101000000', 'good'),
    release('20260102000000', 'good'),
    release('20260103000000', 'bad'),
    release('20260104000000', 'good'),
    release('20260105000000', 'unfinished'),
    'release 20260106000000 {"id":"2026',
    'release not-an-id {}',
    'archive .20260107000000.tar.gz',
    'revision 2026-01-01T00:00:00.000Z r1 20260101000000 good',
    'revision 2026-01-02T00:00:00.000Z r2 20260102000000 good',
    'revision 2026-01-03T00:00:00.000Z r3 20260103000000 good',
    'revision 2026-01-04T00:00:00.000Z r4 20260104000000 good',
    'free 1048576',
  ].join('\n'),
)

test('a rollback goes to the last release that was called good and still is: no bad, unfinished or current one', t => {
  t.is(VIEW.current, '20260104000000')
  t.is(rollbackTarget(VIEW), '20260102000000')
  t.is(rollbackTarget({ ...VIEW, revisions: [] }), null)
})

test('a state file that cannot be read is that of an unfinished release', t => {
  t.is(VIEW.releases.find(({ id }) => id === '20260106000000')?.state, 'unfinished')
})

test('prune leaves the current release, the one a rollback would take, and as many good ones as it is told', t => {
  const waste = ['20260103000000', '20260105000000', '20260106000000', '.20260107000000.tar.gz']
  t.deepEqual(prunable(VIEW, 0), ['20260101000000', ...waste])
  t.deepEqual(prunable(VIEW, 1), waste)
})

test('a link to shared leads out of the release by as many steps as it is deep', t => {
  t.is(sharedLink('storage'), '../../shared/storage')
  t.is(sharedLink('storage/upload'), '../../../shared/storage/upload')
})

test('an id is the time of the start in digits, with a label behind it', t => {
  t.is(releaseId('2026-11-21T05:02:10.123Z', null), '20261121050210')
  t.is(releaseId('2026-11-21T05:02:10.123Z', 'v1.2'), '20261121050210-v1.2')
})

test('a command line is refused for what its command does not take', t => {
  const problem = (...words: string[]): string => {
    const parsed = parseArguments(words)
    return 'problem' in parsed ? parsed.problem : ''
  }
  t.regex(problem(), /a command is missing/)
  t.regex(problem('deploy'), /unknown command deploy/)
  t.regex(problem('run', '--fast'), /run has no option --fast/)
  t.regex(problem('run', 'web1'), /run takes no web1/)
  t.regex(problem('drain'), /drain wants one host/)
  t.regex(problem('run', '--from'), /--from wants DIR\|TAR\.GZ/)
  t.regex(problem('constructor'), /unknown command constructor/)
  t.like(parseArguments(['-c', 'x.cf', '-n', '--json', 'rollback', '--to=20260101000000', 'web1']), {
    command: 'rollback',
    file: 'x.cf',
    dryRun: true,
    json: true,
    to: '20260101000000',
    hosts: ['web1'],
  })
})

test('of ldirectord.cf it reads the maintenance folder, the weights, and where servers are deleted instead of drained', t => {
  const facts = readFacts(
    `quiescent=yes
maintenancedir=/etc/ha.d/maintenance
virtual=10.0.0.1:80
    real=10.0.0.7:80 gate 3
    real=10.0.0.8:80 masq
virtual=10.0.0.1:443
    quiescent=no
    real=10.0.0.7:443 gate
`,
    '/etc/ha.d/ldirectord.cf',
  )
  t.is(facts.maintenancedir, '/etc/ha.d/maintenance')
  t.is(facts.weights.get('10.0.0.7:80'), 3)
  t.is(facts.weights.get('10.0.0.8:80'), 1)
  t.deepEqual(facts.deleting, [{ virtual: '10.0.0.1:443', reals: ['10.0.0.7:443'] }])
})

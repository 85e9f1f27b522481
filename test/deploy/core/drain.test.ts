/**
 * Whether a drain is true. The listings are those of ipvsadm 1.31 on Linux 6.1 (`-S -n`, `-L -n`, `-L -n -c`), put
 * together as a director answers.
 */
import test from 'ava'
import { assessDrain, type DrainRule } from '../../../src/deploy/core/drain.js'
import { capacity } from '../../../src/deploy/plan/capacity.js'
import { type DirectorView, entriesOf, readDirector } from '../../../src/deploy/plan/director-view.js'

interface Listing {
  readonly weight?: number
  readonly active?: number
  readonly inactive?: number
  readonly persistent?: boolean
  readonly expire?: '0' | '1'
  readonly templates?: readonly string[]
}

/** A director with web1 (10.77.1.21) as told and web2 (10.77.1.22) at weight 1. */
function director(
  name: string,
  { weight = 0, active = 0, inactive = 0, persistent = false, expire = '1', templates = [] }: Listing = {},
) {
  const flags = persistent ? ' persistent 60' : ''
  return readDirector(
    name,
    `== status
== saved
-A -t 10.77.0.200:80 -s wrr${persistent ? ' -p 60' : ''}
-a -t 10.77.0.200:80 -r 10.77.1.21:80 -m -w ${weight}
-a -t 10.77.0.200:80 -r 10.77.1.22:80 -m -w 1
== list
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.77.0.200:80 wrr${flags}
  -> 10.77.1.21:80                Masq    ${weight}      ${active}          ${inactive}        
  -> 10.77.1.22:80                Masq    1      0          20        
== timeout
Timeout (tcp tcpfin udp): 900 120 300
== expire
${expire}
== connections
${templates.map(expiry => `TCP ${expiry}  ASSURED     10.77.0.101:0      10.77.0.200:80     10.77.1.21:80`).join('\n')}
TCP 04:59  ASSURED     10.77.0.101:0      10.77.0.200:80     10.77.1.22:80
TCP 14:59  ESTABLISHED 10.77.0.101:40680  10.77.0.200:80     10.77.1.21:80
== end
`,
  )
}

const RULE: DrainRule = { waitPersistentSeconds: 60, waitShortSeconds: 1, activeConn: 0, virtuals: [] }
const REAL = ['10.77.1.21:80']
const standby = readDirector('lb2', '== saved\n== list\n== end\n')
const dead = { director: 'lb2', unreachable: 'no route', last: null }

const rows: readonly (readonly [
  title: string,
  readings: Parameters<typeof assessDrain>[0],
  seconds: number,
  state: 'drained' | 'waiting',
  wait: number | null | undefined,
])[] = [
  ['weight 0 and nobody left', [director('lb1')], 1, 'drained', 0],
  ['weight 0, but not long enough', [director('lb1')], 0, 'waiting', 1],
  ['a weight on one of two directors', [director('lb1'), director('lb2', { weight: 2 })], 9, 'waiting', 0],
  ['an active connection', [director('lb1', { active: 1 })], 9, 'waiting', null],
  ['closed connections alone do not count', [director('lb1', { inactive: 230 })], 9, 'drained', 0],
  [
    'persistent with expiring templates waits its floor',
    [director('lb1', { persistent: true })],
    20,
    'waiting',
    40,
  ],
  [
    'persistent with expiring templates, after its floor',
    [director('lb1', { persistent: true, templates: ['00:30'] })],
    60,
    'drained',
    0,
  ],
  [
    'persistent, templates kept',
    [director('lb1', { persistent: true, expire: '0', templates: ['00:30', '00:45'] })],
    60,
    'waiting',
    45,
  ],
  [
    'persistent, templates kept by closing connections',
    [director('lb1', { persistent: true, expire: '0', templates: ['00:06'], inactive: 1 })],
    60,
    'waiting',
    180,
  ],
  ['persistent, templates gone', [director('lb1', { persistent: true, expire: '0' })], 60, 'drained', 0],
  ['a standby that lists nothing says nothing', [director('lb1'), standby], 1, 'drained', 0],
  ['a director that died says nothing', [director('lb1'), dead], 1, 'drained', 0],
  ['nobody lists the host: a failover is under way', [standby, dead], 99, 'waiting', undefined],
]
for (const [title, readings, seconds, state, wait] of rows) {
  test(`${title}: ${state}`, t => {
    const progress = assessDrain(readings, REAL, RULE, seconds)
    t.is(progress.state, state, progress.why)
    t.is(progress.virtuals[0]?.waitSeconds, wait)
  })
}

const before = director('lb2', { weight: 2 }) as DirectorView
const gone = { director: 'lb2', unreachable: 'no route', last: before }
const heir = { ...(director('lb1') as DirectorView), gained: ['tcp:10.77.0.200:80'] }

test('a director that had the host and cannot be reached is waited for, until another one has taken over', t => {
  const lists = assessDrain([director('lb1'), gone], REAL, RULE, 9)
  t.like(lists, {
    state: 'waiting',
    isZero: false,
    why: 'lb2: no route, and no other director has taken tcp:10.77.0.200:80 over',
  })
  t.like(assessDrain([heir, gone], REAL, RULE, 9), {
    state: 'drained',
    without: ['done without lb2: no route'],
  })
  const everything = { ...heir, gained: 'everything' as const }
  t.is(assessDrain([everything, gone], REAL, RULE, 9).state, 'drained')
  t.is(assessDrain([{ ...heir, gained: ['tcp:10.77.0.201:80'] }, gone], REAL, RULE, 9).state, 'waiting')
  const idle = { ...gone, last: standby as DirectorView }
  t.is(
    assessDrain([director('lb1'), idle], REAL, RULE, 9).state,
    'drained',
    'a standby that died had nothing',
  )
})

test('connections up to active_conn may be left', t => {
  const readings = [director('lb1', { active: 2 })]
  t.is(assessDrain(readings, REAL, { ...RULE, activeConn: 2 }, 5).state, 'drained')
  t.is(assessDrain(readings, REAL, { ...RULE, activeConn: 1 }, 5).state, 'waiting')
})

test('an answer that was cut, and a machine without ipvsadm, are no director that lists nothing', t => {
  t.like(readDirector('lb1', '== saved\n-A -t 10.0.0.1:80 -s rr\n'), { unreachable: 'its answer was cut' })
  t.true(
    'unreachable' in readDirector('lb1', "== saved\nCan't initialize ipvs: Protocol not available\n== end\n"),
  )
  t.true('unreachable' in readDirector('lb1', '== saved\nsh: 4: ipvsadm: not found\n== end\n'))
})

test('direct routing, marks and groups of ports are found by the address, masquerading by address and port', t => {
  const view = readDirector(
    'lb1',
    `== saved
-A -t 10.77.0.200:80 -s wrr
-a -t 10.77.0.200:80 -r 10.77.0.11:80 -g -w 1
-A -f 7 -s rr
-a -f 7 -r 10.77.0.11:0 -g -w 2
-A -t 10.77.0.201:0 -s rr -p 360
-a -t 10.77.0.201:0 -r 10.77.0.12:0 -g -w 1
-A -t 10.77.0.202:80 -s rr
-a -t 10.77.0.202:80 -r 10.77.0.13:8080 -m -w 1
== list
== end
`,
  ) as DirectorView
  const found = (real: string): string[] => entriesOf(view, real, []).map(({ virtual }) => virtual)
  t.deepEqual(found('10.77.0.11:80'), ['tcp:10.77.0.200:80'])
  t.deepEqual(found('10.77.0.11:8080'), ['tcp:10.77.0.200:80', 'fwm:7'])
  t.deepEqual(found('10.77.0.12:80'), ['tcp:10.77.0.201:0'])
  t.deepEqual(found('10.77.0.13:80'), [])
  t.deepEqual(
    entriesOf(view, '10.77.0.11:8080', ['7']).map(({ weight }) => weight),
    [2],
  )
})

const view = director('lb1', { weight: 3 }) as DirectorView
const reals = new Map([
  ['web1', ['10.77.1.21:80']],
  ['web2', ['10.77.1.22:80']],
])
const judge = (
  wanted: readonly string[],
  minUp: Parameters<typeof capacity>[4],
  weights = new Map<string, number>(),
) => capacity(view, wanted, reals, weights, minUp, [])

test('a batch shrinks to the hosts that every virtual service can spare', t => {
  t.deepEqual(judge(['web2', 'web1'], { percent: 50 }).allowed, ['web2'])
  t.deepEqual(judge(['web1', 'web2'], { percent: 25 }).allowed, ['web1'])
  t.deepEqual(judge(['web1', 'web2'], { percent: 50 }), {
    allowed: [],
    why: 'tcp:10.77.0.200:80 would be left with weight 1 of 4; min_up wants 2',
  })
  t.deepEqual(judge(['web1', 'web2'], { percent: 0 }).allowed, ['web1', 'web2'])
})

test('a server that is down counts in the whole and not in what is left', t => {
  const down = director('lb1', { weight: 0 }) as DirectorView
  const judged = capacity(down, ['web2'], reals, new Map([['10.77.1.21:80', 3]]), { count: 1 }, [])
  t.deepEqual(judged, {
    allowed: [],
    why: 'tcp:10.77.0.200:80 would be left with weight 0 of 4; min_up wants 1',
  })
})

test('a server whose check has begun to fail does not count in what is left', t => {
  const reals2 = (isFailing: boolean) =>
    view.reals.map(entry => (entry.real === '10.77.1.21:80' ? { ...entry, isFailing } : entry))
  const allowed = (isFailing: boolean): readonly string[] =>
    capacity({ ...view, reals: reals2(isFailing) }, ['web2'], reals, new Map(), { percent: 50 }, []).allowed
  t.deepEqual(allowed(false), ['web2'])
  t.deepEqual(allowed(true), [])
})

test('the status of ldirectord tells which check fails and what the file says, also over the kernel', t => {
  const shown = {
    server: '10.77.1.21:80',
    weight: 0,
    weightInFile: 5,
    softFailures: 2,
    activeConnections: 0,
    inactiveConnections: 0,
  }
  const status = { forwarder: 'ipvs', virtuals: [{ id: 'tcp:10.77.0.200:80', reals: [shown] }] }
  const text = `== status\n${JSON.stringify(status)}\n== saved\n-A -t 10.77.0.200:80 -s rr\n-a -t 10.77.0.200:80 -r 10.77.1.21:80 -m -w 0\n-a -t 10.77.0.200:80 -r 10.77.1.22:80 -m -w 1\n== list\n== end\n`
  const read = readDirector('lb1', text) as DirectorView
  t.deepEqual(
    read.reals.map(({ weightInFile, isFailing }) => [weightInFile, isFailing]),
    [
      [5, true],
      [null, false],
    ],
  )
})

test('a host that the director does not list is not taken for one that is drained', t => {
  const unknown = capacity(
    view,
    ['web9'],
    new Map([['web9', ['10.77.1.99:80']]]),
    new Map(),
    { count: 0 },
    [],
  )
  t.regex(unknown.why, /lb1 does not list 10\.77\.1\.99:80/)
})

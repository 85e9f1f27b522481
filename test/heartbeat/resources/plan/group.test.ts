import test from 'ava'
import fc from 'fast-check'
import {
  giveGroup,
  type Plan,
  type Step,
  saysRunning,
  takeGroup,
} from '../../../../src/heartbeat/resources/plan/group.js'
import type { Resource, ResourceGroup } from '../../../../src/heartbeat/resources/plan/resource.js'
import { recorded } from './timeline.js'

const lsblog = (name: string): Resource => ({ text: `lsblog::${name}`, script: 'lsblog', args: [name] })
const vip: Resource = {
  text: 'IPaddr2::10.77.0.100/24/eth0',
  script: 'IPaddr2',
  args: ['10.77.0.100/24/eth0'],
}
const alpha: ResourceGroup = { node: 'alpha', resources: [vip, lsblog('web')] }
const beta: ResourceGroup = { node: 'beta', resources: [lsblog('db')] }
const retries = { max: 10, everyMs: 1000 }

interface Machine {
  readonly running: Set<string>
  readonly fails: (resource: Resource, action: string) => boolean
  readonly missing?: ReadonlySet<string>
}

interface Played {
  readonly verdict: boolean
  readonly steps: readonly Step[]
  readonly lines: readonly string[]
  readonly calls: readonly string[]
}

/** Plays a plan against a machine that answers as the scripts of the recordings do. */
function play(plan: Plan, machine: Machine): Played {
  const steps: Step[] = []
  let next = plan.next(undefined)
  for (; !next.done; ) {
    const step = next.value
    steps.push(step)
    if (step.kind === 'locate') {
      const missing = machine.missing?.has(step.resource.script) ?? false
      const path = missing ? null : `/etc/ha.d/resource.d/${step.resource.script}`
      next = plan.next({ path, exitCode: null, output: '' })
    } else if (step.kind === 'call') {
      const { resource, action } = step
      const fails = machine.fails(resource, action)
      if (!fails && action === 'start') machine.running.add(resource.text)
      if (!fails && action === 'stop') machine.running.delete(resource.text)
      const output = machine.running.has(resource.text) ? 'running\n' : 'stopped\n'
      next = plan.next({ path: '/x', exitCode: fails ? 1 : 0, output })
    } else next = plan.next(undefined)
  }
  return {
    verdict: next.value,
    steps,
    lines: steps.flatMap(step => (step.kind === 'log' ? [`${step.level}: ${step.text}`] : [])),
    calls: steps.flatMap(step =>
      step.kind === 'call' && step.resource.script === 'lsblog'
        ? [`${step.resource.args[0]} ${step.action}`]
        : [],
    ),
  }
}

const never = (): boolean => false

test('a graceful stop makes the calls and log lines of heartbeat 3.0.6, last resource first', t => {
  const machine = { running: new Set([vip.text, 'lsblog::web']), fails: never }
  const played = [play(giveGroup(alpha, retries), machine), play(giveGroup(beta, retries), machine)]
  const original = recorded('stop-owner', 'alpha')
  t.deepEqual(
    played.flatMap(each => each.lines),
    original.lines,
  )
  t.deepEqual(
    played.flatMap(each => each.calls),
    original.calls,
  )
})

test('a takeover makes the calls and log lines of heartbeat 3.0.6, first resource first', t => {
  const played = play(takeGroup(alpha, retries), { running: new Set(), fails: never })
  const original = recorded('kill9-owner-on', 'beta')
  t.deepEqual(played.lines, original.lines)
  t.deepEqual(
    played.calls,
    original.calls.filter(call => call.startsWith('web')),
  )
})

test('a group that runs already is asked for its status and left alone', t => {
  const played = play(takeGroup(beta, retries), { running: new Set(['lsblog::db']), fails: never })
  t.deepEqual(played.calls, ['db status'])
  t.true(played.verdict)
})

test('a failing start gives the whole group back, with the lines of heartbeat 3.0.6', t => {
  const fails = (resource: Resource, action: string): boolean =>
    resource.script === 'lsblog' && action === 'start'
  const machine = { running: new Set<string>(), fails }
  const played = play(takeGroup(alpha, retries), machine)
  const original = recorded('rsc-start-fails', 'alpha', 7, 8)
  t.deepEqual(played.lines, original.lines)
  t.deepEqual(played.calls, original.calls)
  t.false(played.verdict)
  t.is(machine.running.size, 0)
})

test('a group is tried to start as often as allowed, given back in between, and not beyond what may help', t => {
  let left = 2
  const fails = (resource: Resource, action: string): boolean =>
    resource.script === 'lsblog' && action === 'start' && left-- > 0
  const played = play(takeGroup(alpha, retries, 3), { running: new Set(), fails })
  t.true(played.verdict)
  t.deepEqual(played.calls.filter(call => call !== 'web status'), ['web start', 'web stop', 'web start', 'web stop', 'web start']) // biome-ignore format: one line
  t.deepEqual(
    played.steps.filter(step => step.kind === 'pause').map(step => step.ms),
    [1000, 1000],
  )
  const missing = { running: new Set<string>(), fails: never, missing: new Set(['lsblog']) }
  t.is(
    play(takeGroup(alpha, { max: 0, everyMs: 1 }, 3), missing).steps.filter(step => step.kind === 'pause')
      .length,
    0,
  )
})

test('a group that cannot be given back after a failed start is not tried again', t => {
  const fails = (resource: Resource, action: string): boolean =>
    (resource.script === 'lsblog' && action === 'start') || (resource === vip && action === 'stop')
  const played = play(takeGroup(alpha, { max: 0, everyMs: 1 }, 3), { running: new Set(), fails })
  t.false(played.verdict)
  t.deepEqual(played.calls, ['web status', 'web start', 'web stop'])
})

test('a failing stop is tried as often and in the same rhythm as by heartbeat 3.0.6, then no reboot', t => {
  const fails = (resource: Resource, action: string): boolean =>
    resource.script === 'lsblog' && action === 'stop'
  const played = play(giveGroup(alpha, retries), { running: new Set([vip.text, 'lsblog::web']), fails })
  const original = recorded('rsc-stop-fails', 'alpha')
  t.deepEqual(played.calls, original.calls)
  const same = (lines: readonly string[]): string[] => lines.filter(line => !line.startsWith('CRIT'))
  t.deepEqual(same(played.lines), same(original.lines))
  t.true(played.lines.some(line => line.startsWith('CRIT: Resource STOP failure.')))
  t.false(played.verdict)
  const pauses = played.steps.filter(step => step.kind === 'pause')
  t.deepEqual(
    pauses.map(step => step.ms),
    Array.from({ length: 10 }, () => 1000),
  )
})

test('a stop that fails although nothing runs is a warning, not a failure', t => {
  const machine = { running: new Set<string>(), fails: (_: Resource, action: string) => action === 'stop' }
  const played = play(giveGroup(beta, { max: 1, everyMs: 5 }), machine)
  t.true(played.verdict)
  t.true(
    played.lines.some(line => line === 'WARN: it (lsblog::db) MUST succeed on a stop when already stopped'),
  )
})

test('a script that does not exist fails the start with the sentence of the original', t => {
  const machine = { running: new Set<string>(), fails: never, missing: new Set(['lsblog']) }
  const played = play(takeGroup(beta, retries), machine)
  t.false(played.verdict)
  t.true(played.lines.includes('ERROR: Cannot locate resource script lsblog'))
  t.false(
    played.steps.some(({ kind }) => kind === 'pause'),
    'a script that is missing is not waited for',
  )
})

test('only the words of a status decide whether a resource runs', t => {
  for (const [output, expected] of [
    ['INFO:  Running OK', true],
    ['running', true],
    ['OK', true],
    ['httpd (pid 12) is running...', true],
    ['INFO:  Resource is stopped', false],
    ['not running', false],
    ['Not Running', false],
    ['httpd is not running (OK)', false],
    ['', false],
  ] as const) {
    t.is(saysRunning(output), expected, output)
  }
})

test('whatever fails, a plan ends, and a group that could not be taken is asked to stop', t => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), fc.integer({ min: 0, max: 12 }), (fates, max) => {
      const machine = { running: new Set<string>(), fails: () => fates.next().value as boolean }
      const played = play(takeGroup(alpha, { max, everyMs: 1 }), machine)
      const asked = played.steps.filter(step => step.kind === 'call' && step.action === 'stop').length
      return played.steps.length < 200 && (played.verdict || asked >= alpha.resources.length)
    }),
  )
  t.pass()
})

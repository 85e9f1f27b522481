/** What the end of a run shows and in which order it went: times from the journal, hosts by weight. */
import test from 'ava'
import type { Entry } from '../../../src/deploy/codec/journal.js'
import type { HostConfig } from '../../../src/deploy/config/directives.js'
import { readDrained } from '../../../src/deploy/plan/drained-servers.js'
import { inOrder } from '../../../src/deploy/plan/make-plan.js'
import { hostTimes, stepSpans } from '../../../src/deploy/plan/step-spans.js'

const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 8, 0, second)).toISOString()

/** A step of web1; one without an end was cut. */
type Row = readonly [number: number, step: string, from: number, to: number | null]

const journal = (...steps: readonly Row[]): Entry[] =>
  steps.flatMap(([number, step, from, to]): Entry[] => {
    const begin: Entry = { kind: 'begin', time: at(from), number, host: 'web1', step }
    if (to === null) return [begin]
    return [begin, { kind: 'event', time: at(to), event: { kind: 'done', number, ok: true, why: '' } }]
  })

const times = (...steps: readonly Row[]) => hostTimes(stepSpans(journal(...steps), Date.parse), 'web1')

test('a host is down from the beginning of its drain until it has its weight again', t => {
  const seen = times([1, 'drain', 0, 20], [2, 'swap', 20, 21], [3, 'rejoin', 21, 25], [4, 'watch', 25, 55])
  t.deepEqual(seen, { drainedSeconds: 20, downSeconds: 25 })
})

test('a host that is held is down without an end; one that never left has no times', t => {
  t.deepEqual(times([1, 'drain', 0, 2], [2, 'hold', 9, 10]), { drainedSeconds: 2, downSeconds: null })
  t.deepEqual(times([1, 'upload', 0, 2]), { drainedSeconds: null, downSeconds: null })
})

test('a drain that a kill cut lasts from its first beginning, and two absences add up', t => {
  t.is(times([1, 'drain', 0, null], [1, 'drain', 30, 40], [2, 'rejoin', 40, 41]).drainedSeconds, 40)
  const twice = times([1, 'drain', 0, 2], [2, 'rejoin', 2, 4], [3, 'quiesce', 10, 11], [4, 'readmit', 12, 15])
  t.is(twice.downSeconds, 9)
})

test('order = weight-asc takes the host with the least weight first, name by name, config as in the file', t => {
  const host = (name: string, real: string): HostConfig => ({
    name,
    real: [real],
    user: null,
    deploy_to: '/srv/shop',
    address: { host: name, port: null },
  })
  const hosts = [host('c', '10.0.0.1:80'), host('b', '10.0.0.2:80'), host('a', '10.0.0.3:80')]
  const weights = new Map([
    ['10.0.0.1:80', 5],
    ['10.0.0.2:80', 1],
    ['10.0.0.3:80', 9],
  ])
  t.deepEqual(inOrder(hosts, 'weight-asc', weights), ['b', 'c', 'a'])
  t.deepEqual(inOrder(hosts, 'name', weights), ['a', 'b', 'c'])
  t.deepEqual(inOrder(hosts, 'config', weights), ['c', 'b', 'a'])
})

test('what is no list of drained servers is none: the usage of ldirectord 4.12, half an answer, another shape', t => {
  const drain = { who: 'ann', reason: 'disk', untilUnixMs: null, isDrained: true }
  const row = { server: '10.0.0.1:80', virtual: 'tcp:10.0.0.9:80', drain }
  t.deepEqual(readDrained(JSON.stringify([row])), [
    { server: row.server, virtual: row.virtual, who: 'ann', reason: 'disk', untilUnixMs: null, most: 0 },
  ])
  t.deepEqual(readDrained('[]'), [])
  for (const text of [
    'Usage: ldirectord',
    JSON.stringify([row]).slice(0, -3),
    '{}',
    '[{"server":"x"}]',
    '[null]',
  ])
    t.is(readDrained(text), null, text)
})

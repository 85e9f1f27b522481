/** Our core as alpha beside a beta that a test speaks for, and what its effects say. */
import { createPrng } from '../../../src/base/prng.js'
import { Cluster, type ClusterConfig, type Effect, type Event } from '../../../src/heartbeat/core/cluster.js'
import { type FieldValue, Message } from '../../../src/heartbeat/wire/message.js'

export const config = (changes: Partial<ClusterConfig> = {}): ClusterConfig => ({
  us: 'alpha',
  nodes: ['alpha', 'beta'],
  pingNodes: [],
  uuid: new Uint8Array(16).fill(1),
  generation: 1000,
  keepaliveMs: 1000,
  deadtimeMs: 3000,
  warntimeMs: 2000,
  initdeadMs: 10_000,
  deadpingMs: 3000,
  autoFailback: 'on',
  maxRexmitDelayMs: 250,
  hopfudge: 1,
  links: ['eth1'],
  groups: [
    { node: 'alpha', key: 'web' },
    { node: 'beta', key: 'db' },
  ],
  manageResources: true,
  heldAtStart: 'none',
  random: createPrng(1),
  wallSeconds: () => 1_700_000_000,
  loadAverage: () => 'n/a',
  ...changes,
})

export const from = (
  seq: number,
  pairs: readonly (readonly [string, FieldValue])[],
  node = 'beta',
): Event => ({
  kind: 'received',
  link: 'eth1',
  message: Message.of(...pairs, ['src', node], ['seq', seq.toString(16)], ['hg', '7'], ['ts', '6b00fbef']),
})
export const statusOf = (seq: number, st = 'active', dt = 'bb8'): Event =>
  from(seq, [
    ['t', 'status'],
    ['st', st],
    ['dt', dt],
    ['protocol', '1'],
  ])
export const clock: Event = { kind: 'clock' }
export const sent = (effects: readonly Effect[], type: string): Message[] =>
  effects.flatMap(effect => (effect.kind === 'send' && effect.message.type === type ? [effect.message] : []))
export const logged = (effects: readonly Effect[]): string[] =>
  effects.flatMap(effect => (effect.kind === 'log' ? [`${effect.level}: ${effect.text}`] : []))

/** Our core and a beta that is active, with communication up. */
export function joined(changes: Partial<ClusterConfig> = {}): Cluster {
  const cluster = new Cluster(config(changes))
  cluster.start(0)
  cluster.step(statusOf(1), 10)
  cluster.step(
    from(2, [
      ['dest', 'alpha'],
      ['t', 'repnodes'],
      ['nodelist', 'alpha beta '],
      ['delnodelist', ' '],
    ]),
    20,
  )
  return cluster
}

export type Words = Extract<Event, { kind: 'received' }>
export const words = (seq: number, ...pairs: readonly (readonly [string, FieldValue])[]): Words =>
  from(seq, pairs) as Words

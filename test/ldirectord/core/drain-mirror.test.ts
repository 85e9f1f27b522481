/** Mirrors that speak to each other through a list of messages: lost, late and repeated as the test wants. */
import test from 'ava'
import fc from 'fast-check'
import type { Drain } from '../../../src/ldirectord/core/drain.js'
import {
  digestOf,
  drainsOf,
  EMPTY_LEDGER,
  type Ledger,
  merged,
  noted,
} from '../../../src/ldirectord/core/drain-ledger.js'
import { DrainMirror, GREETING_MS, type MirrorMessage } from '../../../src/ldirectord/core/drain-mirror.js'

const drain = (port: number): Drain => ({
  address: '10.0.1.1',
  port,
  virtual: null,
  who: 'ann',
  reason: '',
  sinceMs: 1_000,
  untilMs: null,
})

class Director {
  readonly name: string
  readonly mirror: DrainMirror
  readonly inbox: { from: string; message: MirrorMessage }[] = []
  ledger: Ledger = EMPTY_LEDGER
  sent = 0

  constructor(name: string) {
    this.name = name
    this.mirror = new DrainMirror(() => this.ledger)
  }

  change(ports: readonly number[], nowMs: number): MirrorMessage[] {
    const { ledger, changed } = noted(this.ledger, ports.map(drain), nowMs, this.name)
    // The same drain is no change.
    const really = changed.filter(entry => entry.drain === null || !this.ports().includes(entry.place.port!))
    this.ledger = merged(this.ledger, really, 0)
    return really.length === 0 ? [] : this.mirror.changed(really.map(entry => ledger.get(key(entry.place))!))
  }

  ports(): number[] {
    return drainsOf(this.ledger)
      .map(({ port }) => port!)
      .sort((a, b) => a - b)
  }
}
const key = ({ address, port }: { address: string; port: number | null }): string => `${address}:${port}`

class Pair {
  readonly alpha = new Director('alpha')
  readonly beta = new Director('beta')
  nowMs = 0
  /** Whether messages arrive. */
  isWhole = true

  send(from: Director, messages: readonly MirrorMessage[]): void {
    from.sent += messages.length
    if (this.isWhole) this.other(from).inbox.push(...messages.map(message => ({ from: from.name, message })))
  }

  other(director: Director): Director {
    return director === this.alpha ? this.beta : this.alpha
  }

  connect(): void {
    for (const director of [this.alpha, this.beta]) this.send(director, director.mirror.connected(this.nowMs))
  }

  deliver(): void {
    for (const director of [this.alpha, this.beta]) {
      for (const { from, message } of director.inbox.splice(0)) {
        director.ledger = merged(director.ledger, message.entries, 0)
        this.send(director, director.mirror.heard(from, message))
      }
    }
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.nowMs < untilMs) {
      this.nowMs += 250
      for (const director of [this.alpha, this.beta]) this.send(director, director.mirror.tick(this.nowMs))
      this.deliver()
    }
  }
}

test('a change reaches the other director in one message and is confirmed by one', t => {
  const pair = new Pair()
  pair.connect()
  pair.run(1_000)
  const before = [pair.alpha.sent, pair.beta.sent]
  pair.send(pair.alpha, pair.alpha.change([80], 5))
  t.deepEqual(pair.alpha.mirror.peers, [{ node: 'beta', inStep: false }], 'not confirmed yet')
  pair.deliver()
  pair.deliver()
  t.deepEqual(pair.beta.ports(), [80])
  t.deepEqual(pair.alpha.mirror.peers, [{ node: 'beta', inStep: true }])
  t.deepEqual([pair.alpha.sent - before[0]!, pair.beta.sent - before[1]!], [1, 1])
})

test('directors that were apart agree within two seconds of meeting again', t => {
  const pair = new Pair()
  pair.connect()
  pair.run(1_000)
  pair.isWhole = false
  pair.send(pair.alpha, pair.alpha.change([80, 81], 2_000))
  pair.send(pair.beta, pair.beta.change([82], 2_001))
  pair.alpha.mirror.left('beta')
  pair.beta.mirror.left('alpha')
  pair.isWhole = true
  pair.send(pair.alpha, pair.alpha.mirror.joined(pair.nowMs))
  pair.run(2_000)
  t.deepEqual(pair.alpha.ports(), [80, 81, 82])
  t.deepEqual(pair.beta.ports(), [80, 81, 82])
  for (const director of [pair.alpha, pair.beta]) t.true(director.mirror.peers[0]!.inStep)
})

test('a full list is sent in small messages with a pace, and arrives', t => {
  const pair = new Pair()
  pair.alpha.change(
    Array.from({ length: 500 }, (_, n) => n),
    5,
  )
  pair.connect()
  for (let n = 0; n < 80; n++) {
    const before = pair.alpha.sent
    pair.run(250)
    t.true(pair.alpha.sent - before <= 7)
  }
  t.is(pair.beta.ports().length, 500)
  t.true(pair.alpha.mirror.peers[0]!.inStep)
})

test('directors that cannot agree do not fill the links', t => {
  const pair = new Pair()
  pair.connect()
  pair.run(1_000)
  pair.alpha.change([80], 5)
  // One that has no room takes nothing in and never gets in step.
  Object.defineProperty(pair.beta, 'ledger', { get: () => EMPTY_LEDGER, set: () => {} })
  pair.run(3_600_000)
  t.true(pair.alpha.sent < 4 * (3_600_000 / GREETING_MS), `${pair.alpha.sent} messages in an hour`)
})

const step = fc.oneof(
  fc.record({ kind: fc.constant('drain' as const), at: fc.boolean(), port: fc.nat(4) }),
  fc.record({ kind: fc.constant('undrain' as const), at: fc.boolean(), port: fc.nat(4) }),
  fc.record({ kind: fc.constant('cut' as const) }),
  fc.record({ kind: fc.constant('heal' as const) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(3_000) }),
)

test('whatever is drained and undrained on both sides of whatever cuts, both end with the same list', t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const pair = new Pair()
      pair.connect()
      for (const each of steps) {
        if (each.kind === 'cut') pair.isWhole = false
        if (each.kind === 'heal') pair.isWhole = true
        if (each.kind === 'pass') pair.run(each.ms)
        if (each.kind === 'drain' || each.kind === 'undrain') {
          const director = each.at ? pair.alpha : pair.beta
          const others = director.ports().filter(port => port !== each.port)
          const list = each.kind === 'drain' ? [...others, each.port] : others
          pair.send(director, director.change(list, pair.nowMs))
        }
        pair.deliver()
      }
      pair.isWhole = true
      pair.run(GREETING_MS + 10_000)
      t.is(digestOf(pair.alpha.ledger), digestOf(pair.beta.ledger))
      for (const director of [pair.alpha, pair.beta]) t.true(director.mirror.peers[0]!.inStep)
    }),
  )
})

/**
 * What stands around the two machines: a ping node that each of them may lose, a STONITH device that switches either of
 * them off by another way than the network, and the keys of authkeys, rotated in the order that the documentation names.
 */
import type { Prng } from '../../src/base/prng.js'
import type { NodeName, StonithResult } from '../../src/heartbeat/core/cluster.js'
import { isRefusal, Message } from '../../src/heartbeat/wire/message.js'
import { openPacket, sealMessage } from '../../src/heartbeat/wire/packet.js'
import { type AuthKey, type KeyRing, keyRing } from '../../src/heartbeat/wire/signature.js'
import type { Timeline } from './timeline.js'

export const ROUTER = 'router'
const ANSWER_MS = 0.5

export class PingNode {
  readonly #timeline: Timeline
  readonly #cutSinceMs = new Map<NodeName, number>()

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  cut(node: NodeName): void {
    if (!this.#cutSinceMs.has(node)) this.#cutSinceMs.set(node, this.#timeline.nowMs)
  }

  heal(): void {
    this.#cutSinceMs.clear()
  }

  isReachedBy(node: NodeName): boolean {
    return !this.#cutSinceMs.has(node)
  }

  cutForMs(node: NodeName): number {
    return this.#timeline.nowMs - (this.#cutSinceMs.get(node) ?? this.#timeline.nowMs)
  }

  ask(node: NodeName, answer: (message: Message) => void): void {
    this.#timeline.in(ANSWER_MS, () => {
      if (this.isReachedBy(node))
        answer(Message.of(['t', 'NS_st'], ['st', 'ping'], ['src', ROUTER], ['ts', '6b00fbef']))
    })
  }
}

export class StonithDevice {
  /** When each node was switched off last. */
  readonly resetAtMs = new Map<NodeName, number>()
  readonly #timeline: Timeline
  readonly #random: Prng

  constructor(timeline: Timeline, random: Prng) {
    this.#timeline = timeline
    this.#random = random
  }

  reset(node: NodeName, switchOff: () => void, ended: (result: StonithResult) => void): void {
    const fails = this.#random.chance(0.2)
    this.#timeline.in(this.#random.pick([5, 500, 8000]), () => {
      if (!fails) {
        this.resetAtMs.set(node, this.#timeline.nowMs)
        switchOff()
      }
      ended(fails ? 'bad' : 'OK')
    })
  }
}

const keyNumbered = (number: number): AuthKey => ({
  ...{ number, method: 'sha1' },
  key: Buffer.from(`key ${number}`),
})

/** Each node's authkeys. A packet that is refused is somebody's mistake: a rotation in order loses none. */
export class Keys {
  readonly #rings = new Map<NodeName, KeyRing>()
  readonly #names: readonly NodeName[]
  readonly #timeline: Timeline
  #newest = 1
  #busyUntilMs = 0
  rotations = 0

  constructor(timeline: Timeline, names: readonly NodeName[]) {
    this.#timeline = timeline
    this.#names = names
    for (const name of names) this.#give(name, 1, [1])
  }

  /** The new key is added everywhere, then signed with on one node after the other, then the old one is removed. */
  rotate(stepMs: number): void {
    // An administrator ends one rotation before the next.
    if (this.#timeline.nowMs < this.#busyUntilMs) return
    const old = this.#newest
    const next = (old % 15) + 1
    this.#newest = next
    this.rotations++
    const steps = this.#names.flatMap(name => [{ name, sign: old, keys: [old, next] }])
    for (const name of this.#names) steps.push({ name, sign: next, keys: [old, next] })
    for (const name of this.#names) steps.push({ name, sign: next, keys: [next] })
    this.#busyUntilMs = this.#timeline.nowMs + (steps.length + 1) * stepMs
    for (const [at, { name, sign, keys }] of steps.entries())
      this.#timeline.in((at + 1) * stepMs, () => this.#give(name, sign, keys))
  }

  seal(from: NodeName, message: Message): Uint8Array {
    const datagram = sealMessage(message, this.#rings.get(from)!, 'netstring')
    if (isRefusal(datagram)) throw new Error(datagram.reason)
    return datagram
  }

  open(to: NodeName, datagram: Uint8Array): Message | string {
    const packet = openPacket(datagram, this.#rings.get(to)!)
    return isRefusal(packet) ? packet.reason : packet.message
  }

  #give(name: NodeName, sign: number, keys: readonly number[]): void {
    this.#rings.set(name, keyRing(sign, keys.map(keyNumbered))!)
  }
}

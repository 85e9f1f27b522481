/**
 * auto_failback legacy: no negotiation. A starting node asks for each of its own groups (ip-request); the peer releases
 * it and answers (ip-request-resp). With nobody else active it takes them at once. By hand (req_resource) one group can
 * be asked for under every auto_failback; who holds which class stays as it was then, as in the original.
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import { LOCAL, NONE } from './classes.js'
import type { GroupName, NodeName } from './contract.js'
import type { Ground } from './ground.js'

const ASK_AGAIN_MS = 10_000
const ASKS_MAX = 6
/** A group that could not be stopped is tried again in this rhythm; its asker gets no answer before it is gone. */
const RELEASE_AGAIN_MS = 10_000
const OWED_MAX = 64

export class Legacy {
  #awaited = new Set<string>()
  #askAgainMs = Number.POSITIVE_INFINITY
  #asks = 0
  /** Groups that we still owe to somebody, by key. */
  readonly #owed = new Map<string, { readonly to: NodeName; readonly atMs: number }>()
  readonly #ground: Ground

  constructor(ground: Ground) {
    this.#ground = ground
  }

  start(peerIsActive: boolean): void {
    const ground = this.#ground
    ground.state = 'stable'
    const own = ground.groups.filter(group => ground.classOf(group) === LOCAL)
    if (peerIsActive && own.length > 0) {
      this.#awaited = new Set(own.map(group => group.key))
      this.#ask()
      ground.chronicle.log(lines.localAcquired())
    } else {
      ground.hold(LOCAL, 'start, no other node is active')
      ground.jobs.add({
        what: 'takeLocal',
        bits: LOCAL,
        node: ground.us,
        why: 'start, no other node is active',
        whenEnded: failed => {
          ground.noteStarts(LOCAL, failed)
          ground.chronicle.log(lines.localAcquired())
          ground.completeStart('req_our_resources')
        },
      })
    }
  }

  /** The peer wants a group: release it if we run it (the runner knows), then answer. */
  requested(from: NodeName, key: string): void {
    const ground = this.#ground
    const group = ground.groups.find(candidate => candidate.key === key)
    // While we stop, groups are on their way out anyway: shutdone will be the answer.
    if (ground.state === 'shutdown') return
    if (group === undefined) {
      this.#answer(from, key, false)
      return
    }
    if (ground.isLegacy) ground.release(ground.classOf(group), `${from} asked for ${key}`)
    ground.jobs.add({
      what: 'giveGroup',
      bits: NONE,
      node: group.node,
      key,
      why: `${from} asked for it`,
      whenEnded: failed => this.#released(from, key, failed),
    })
  }

  /** Also what was asked for by hand: the other has released it, so here it must start. */
  answered(message: Message): void {
    const key = message.text('ipaddr') ?? ''
    if (message.text('ok') !== 'OK') return
    if (this.#awaited.delete(key)) {
      if (this.#awaited.size === 0) this.#askAgainMs = Number.POSITIVE_INFINITY
      this.#ground.hold(LOCAL, 'the peer has released them')
      this.#takeGroup(key)
      return
    }
    const isKnown = this.#ground.groups.some(group => group.key === key)
    const mayTake = this.#ground.state === 'stable' && this.#ground.config.manageResources
    if (isKnown && mayTake && message.text('weown') === 'yes') this.#takeGroup(key)
  }

  /** The peer is gone: what was asked for is taken with everything else. True when something was asked for. */
  forget(): boolean {
    const isWaiting = this.#awaited.size > 0
    this.#awaited.clear()
    this.#owed.clear()
    this.#askAgainMs = Number.POSITIVE_INFINITY
    return isWaiting
  }

  tick(nowMs: number): void {
    for (const [key, { to, atMs }] of [...this.#owed])
      if (nowMs >= atMs && this.#owed.delete(key)) this.requested(to, key)
    if (nowMs >= this.#askAgainMs && this.#asks < ASKS_MAX) this.#ask()
  }

  nextMs(): number {
    let next = this.#asks < ASKS_MAX ? this.#askAgainMs : Number.POSITIVE_INFINITY
    for (const { atMs } of this.#owed.values()) next = Math.min(next, atMs)
    return next
  }

  #ask(): void {
    this.#asks++
    this.#askAgainMs = this.#ground.nowMs + ASK_AGAIN_MS
    for (const key of this.#awaited) this.#ground.say(['t', 'ip-request'], ['ipaddr', key])
  }

  #released(to: NodeName, key: string, failed: readonly GroupName[]): void {
    this.#ground.noteStops(NONE, failed)
    if (failed.length === 0) {
      this.#ground.noteWell(key)
      this.#ground.announceToSystole()
      this.#answer(to, key, true)
    } else if (this.#owed.size < OWED_MAX)
      this.#owed.set(key, { to, atMs: this.#ground.nowMs + RELEASE_AGAIN_MS })
  }

  #answer(to: NodeName, key: string, owned: boolean): void {
    this.#ground.say(
      ['t', 'ip-request-resp'],
      ['dest', to],
      ['ipaddr', key],
      ['weown', owned ? 'yes' : 'no'],
      ['ok', 'OK'],
    )
  }

  #takeGroup(key: string): void {
    const { jobs, us } = this.#ground
    jobs.add({
      what: 'takeGroup',
      bits: NONE,
      node: us,
      key,
      why: 'the peer has released it',
      whenEnded: failed => {
        this.#ground.noteStarts(NONE, failed)
        if (failed.length === 0) this.#ground.noteWell(key)
        if (this.#awaited.size === 0) this.#ground.completeStart('ip-request-resp')
      },
    })
  }
}

/**
 * The three phases of a standby: X asks (me), Y agrees (other), X releases and says done, Y acquires and says done.
 * The class is always in X's words: X's foreign is Y's local.
 *
 *   X: idle -> asking -> giving -> peerTaking -> idle        Y: idle -> peerGiving -> taking -> idle
 *
 * An answer is waited for 10 s, work of the other side 3600 s, as in the original.
 */
import * as lines from '../log-lines.js'
import { type Bits, className, flip, NONE, without } from './classes.js'
import type { GroupName, NodeName } from './contract.js'
import type { Ground } from './ground.js'

const ANSWER_MS = 10_000
const WORK_MS = 3_600_000
/** A release that failed is tried again in this rhythm, until WORK_MS have passed. */
const RELEASE_AGAIN_MS = 10_000

export type Phase = 'idle' | 'asking' | 'giving' | 'peerTaking' | 'peerGiving' | 'taking'
/** The original's numbers, for its log line. */
const NUMBER: Readonly<Record<Phase, number>> = {
  idle: 0,
  asking: 1,
  giving: 2,
  peerTaking: 2,
  peerGiving: 3,
  taking: 3,
}

export class Standby {
  phase: Phase = 'idle'
  bits: Bits = NONE
  /** Who gives. */
  giver: NodeName = ''
  #endsMs = Number.POSITIVE_INFINITY
  #releaseAgainMs = Number.POSITIVE_INFINITY
  /** Number of the peer's message that brought us into this phase. */
  #sinceSeq = 0
  /** heartbeat 3.0.6 says that it is stable before it says `done`: that word may still come, and tells nothing new. */
  #doneMayFollow = false
  /** The peer takes or has just taken what we gave: its next word of being stable is news. */
  #peerWillSettle = false
  readonly #ground: Ground

  constructor(ground: Ground) {
    this.#ground = ground
  }

  /** We give a class away: by the administrator, for failback, or because a start failed. False when refused. */
  request(bits: Bits, because: string): boolean {
    const ground = this.#ground
    if (this.#isRefused('me', ground.us)) return false
    if (!ground.peerIsAlive) {
      ground.chronicle.log(lines.noStandbyReply())
      return false
    }
    ground.chronicle.log(lines.wantsStandby(ground.us, className(bits)))
    ground.chronicle.decide(ground.us, `wants to go standby [${className(bits)}]`, because)
    this.#enter('asking', bits, ground.us, ANSWER_MS)
    this.#say('me')
    return true
  }

  /** An ask_resources message of the peer. */
  heard(from: NodeName, info: string, bits: Bits, seq: number): void {
    const before = this.phase
    this.#dispatch(from, info, bits)
    if (this.phase !== before) this.#sinceSeq = seq
  }

  /**
   * The peer says, later than its last word of this standby, that its resources are settled: it has called the
   * standby off, or its `done` is still on the way. Either way nobody is working on it any more.
   */
  heardStable(from: NodeName, seq: number): void {
    if (this.#peerWillSettle) this.#ground.chronicle.log(lines.remoteTransition())
    this.#peerWillSettle = false
    if (seq <= this.#sinceSeq) return
    if (this.phase === 'peerGiving' || this.phase === 'giving') this.cancel(`${from} has called it off`)
    else if (this.phase === 'peerTaking') {
      this.#finish(from)
      this.#doneMayFollow = true
    }
  }

  #dispatch(from: NodeName, info: string, bits: Bits): void {
    if (this.#ground.isLegacy) this.#ground.chronicle.log(lines.standbyLegacy())
    else if (info === 'me') this.#heardMe(from, bits)
    else if (info === 'other' && this.phase === 'asking') this.#give(from)
    else if (info === 'done' && this.phase === 'peerGiving') this.#take(from)
    else if (info === 'done' && this.phase === 'peerTaking') this.#finish(from)
    else if (info === 'other' && this.phase === 'peerGiving') this.cancel('both gave way to each other')
    else if (info === 'done' && this.#doneMayFollow && bits === this.bits) this.#doneMayFollow = false
    else {
      this.#ground.chronicle.log(lines.standbyOutOfTurn(info, from, NUMBER[this.phase]))
      // It waits for an answer that will not come: our word of being stable ends that (heardStable).
      this.#ground.owesStable = true
    }
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#releaseAgainMs && nowMs < this.#endsMs) {
      this.#releaseAgainMs = Number.POSITIVE_INFINITY
      this.#release()
    }
    if (nowMs < this.#endsMs) return
    const { chronicle } = this.#ground
    if (this.phase === 'asking') chronicle.log(lines.noStandbyReply())
    else chronicle.log(lines.standbyTimedOut(this.#ground.peerName))
    const keepsGroups = this.phase === 'giving'
    this.cancel('time is up')
    if (keepsGroups) this.#ground.hold(this.bits, 'they could not be released')
    this.#ground.owesStable = true
  }

  nextMs(): number {
    return Math.min(this.#endsMs, this.#releaseAgainMs)
  }

  /** The peer has died, left or restarted, or time is up. A job that runs goes on; its end finds nothing to do. */
  cancel(because: string): void {
    if (this.phase === 'idle') return
    this.#ground.chronicle.decide(this.#ground.us, `standby [${className(this.bits)}] cancelled`, because)
    this.#leave()
  }

  #heardMe(from: NodeName, bits: Bits): void {
    // Who asks again has given up what it asked before.
    if (this.phase === 'peerGiving' && from === this.giver) this.cancel(`${from} asks again`)
    if (this.phase === 'asking' && this.#givesWayTo(from)) this.cancel(`${from} asked at the same time`)
    if (this.#isRefused('me', from)) return
    this.#ground.chronicle.log(lines.wantsStandby(from, className(bits)))
    this.#enter('peerGiving', bits, from, WORK_MS)
    this.#say('other')
  }

  /** Both asked at once: heartbeat 3.0.6 ignores our wish then, so we serve its; between Systoles ha.cf's order decides. */
  #givesWayTo(from: NodeName): boolean {
    const { nodes, us } = this.#ground.config
    return !this.#ground.peer.isSystole || nodes.indexOf(us) > nodes.indexOf(from)
  }

  #isRefused(what: string, from: NodeName): boolean {
    const ground = this.#ground
    if (ground.isLegacy) {
      ground.chronicle.log(lines.standbyLegacy())
      return true
    }
    if (this.phase !== 'idle') {
      const seconds = Math.max(0, Math.round((this.#endsMs - ground.nowMs) / 1000))
      ground.chronicle.log(lines.standbyInProgress(from, seconds))
      return true
    }
    if (from === ground.us && ground.peerIsAlive && !ground.peer.isStable) {
      ground.chronicle.log(lines.standbyIgnored(what, from, 'Other side is in flux.'))
      return true
    }
    if (ground.isInFlux) {
      ground.chronicle.log(lines.standbyIgnored(what, from, 'local resources in flux.'))
      return true
    }
    return false
  }

  #give(to: NodeName): void {
    const ground = this.#ground
    ground.chronicle.log(lines.canTake(to, className(this.bits)), lines.giveUp(className(this.bits)))
    this.#enter('giving', this.bits, ground.us, WORK_MS)
    ground.release(this.bits, `standby, ${to} takes them`)
    ground.announce(false, 'standby')
    this.#release()
  }

  #release(): void {
    const bits = this.bits
    this.#ground.jobs.add({
      what: 'give',
      bits,
      node: this.#ground.us,
      why: 'standby',
      whenEnded: failed => this.#released(bits, failed),
    })
  }

  #released(bits: Bits, failed: readonly GroupName[]): void {
    const { chronicle } = this.#ground
    this.#ground.noteStops(bits, failed)
    if (failed.length > 0) {
      if (this.phase === 'giving') this.#releaseAgainMs = this.#ground.nowMs + RELEASE_AGAIN_MS
      return
    }
    if (this.phase !== 'giving') return
    this.#enter('peerTaking', this.bits, this.#ground.us, WORK_MS)
    this.#say('done')
    this.#peerWillSettle = this.#ground.peer.isStable
    chronicle.log(lines.released(className(this.bits)), lines.standbyGiven(className(this.bits)))
  }

  #take(from: NodeName): void {
    const { chronicle, jobs, us } = this.#ground
    const ours = flip(this.bits)
    chronicle.log(lines.acquireFrom(className(this.bits), from), lines.acquire(className(ours)))
    this.#enter('taking', this.bits, from, Number.POSITIVE_INFINITY)
    this.#ground.hold(ours, `${from} went standby`)
    jobs.add({
      what: 'take',
      bits: ours,
      node: us,
      why: `standby of ${from}`,
      whenEnded: failed => this.#taken(ours, failed),
    })
  }

  #taken(ours: Bits, failed: readonly GroupName[]): void {
    this.#ground.noteStarts(ours, failed)
    if (this.phase !== 'taking') return
    const { chronicle } = this.#ground
    this.#say('done')
    chronicle.log(lines.acquired(className(ours)), lines.standbyTaken(className(this.bits)))
    this.#ground.completeStart('auto_failback')
    this.#leave()
    this.#ground.announce(true)
  }

  #finish(from: NodeName): void {
    this.#ground.chronicle.log(lines.otherCompleted(className(this.bits)))
    // Until its own word arrives, the peer holds what it has just taken.
    this.#ground.peer.held = (this.#ground.peer.held | flip(this.bits)) as Bits
    this.#ground.chronicle.decide(from, `has taken [${className(this.bits)}] of ${this.giver}`, 'standby')
    this.#leave()
    this.#ground.announce(true)
  }

  #say(info: string): void {
    this.#ground.say(['t', 'ask_resources'], ['rsc_hold', className(this.bits)], ['info', info])
  }

  #enter(phase: Phase, bits: Bits, giver: NodeName, forMs: number): void {
    this.phase = phase
    this.bits = bits
    this.giver = giver
    this.#doneMayFollow = false
    this.#endsMs = this.#ground.nowMs + forMs
    this.#ground.standbyIsRunning = true
    // In the peer's words a giver has let go, even before it says so.
    if (phase === 'taking') this.#ground.peer.held = without(this.#ground.peer.held, bits)
  }

  #leave(): void {
    this.phase = 'idle'
    this.#endsMs = Number.POSITIVE_INFINITY
    this.#releaseAgainMs = Number.POSITIVE_INFINITY
    this.#ground.standbyIsRunning = false
  }
}

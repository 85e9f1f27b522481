/**
 * What stands between a verdict of death and the takeover. A node that nobody has seen leave may still write to what we
 * are about to take, so two things may be asked for first:
 *
 *   1. takeover_needs_ping: one of our ping nodes has answered since the peer fell silent. Else it is us who are cut off,
 *      and we take nothing until a ping node answers or the peer is heard.
 *   2. stonith: a device says that the peer has been reset. A refusal is asked again every 5 s, as in the original.
 */
import * as lines from '../log-lines.js'
import type { NodeName, StonithResult } from './contract.js'
import type { Ground } from './ground.js'

const RESET_AGAIN_MS = 5000
/** A ping node is asked with each keepalive; who has not answered for two of them is not there now. */
const ANSWERS_WITHIN_KEEPALIVES = 2
/** Two, of which one may be lost, and the time for it to arrive. */
const PATIENCE_KEEPALIVES = 2.5
const NEVER = Number.POSITIVE_INFINITY

interface Claim {
  readonly node: NodeName
  readonly silentSinceMs: number | undefined
  /** False: it has said that it holds nothing. */
  readonly mayHold: boolean
  /** Carried out when nothing stands in the way any more. */
  readonly take: () => void
  /** Carried out when the node is heard meanwhile. */
  readonly otherwise: () => void
}

export class Clearance {
  #claim: Claim | undefined
  #phase: 'ping' | 'resetting' | 'resetAgain' = 'ping'
  #resetAgainMs = NEVER
  /** A ping node answers again since then. */
  #answersSinceMs: number | undefined
  /** Resets without an answer yet: answers come in order, and only the last one is for the present claim. */
  #unanswered = 0
  readonly #ground: Ground

  constructor(ground: Ground) {
    this.#ground = ground
  }

  /** A dead node's resources are not taken yet. */
  get isPending(): boolean {
    return this.#claim !== undefined
  }

  /** A device is at work on the peer, or will be. */
  get isResetting(): boolean {
    return this.#claim !== undefined && this.#phase !== 'ping'
  }

  /** `silentSinceMs`: when the node was heard last, if ever. */
  ask(claim: Claim): void {
    this.#claim = claim
    this.#resetIfConnected(claim)
  }

  #resetIfConnected(claim: Claim): void {
    const ground = this.#ground
    if (this.#canGoOn(claim)) {
      this.#reset(claim)
      return
    }
    this.#phase = 'ping'
    this.#answersSinceMs = undefined
    ground.chronicle.log(lines.takeoverRefused(claim.node))
    ground.chronicle.decide(ground.us, `does not take over from ${claim.node}`, 'no ping node answers')
  }

  /** Called after each event. */
  advance(nowMs: number): void {
    const claim = this.#claim
    if (claim === undefined) return
    if (this.#ground.peerIsAlive) {
      this.withdraw('it is heard again')
      claim.otherwise()
    } else if (this.#phase === 'ping') this.#awaitPing(claim, nowMs)
    else if (this.#phase === 'resetAgain' && nowMs >= this.#resetAgainMs) {
      this.#resetAgainMs = NEVER
      this.#resetIfConnected(claim)
    }
  }

  nextMs(): number {
    if (this.#claim === undefined) return NEVER
    return this.#phase === 'ping' ? (this.#answersSinceMs ?? NEVER) + this.#patienceMs : this.#resetAgainMs
  }

  /** The device has answered. */
  resetEnded(node: NodeName, result: StonithResult): void {
    const ground = this.#ground
    ground.say(['t', 'stonith'], ['node', node], ['result', result])
    const because = `stonith says ${result}`
    ground.chronicle.decide(
      ground.us,
      result === 'OK' ? `has reset ${node}` : `cannot reset ${node}`,
      because,
    )
    this.#unanswered = Math.max(0, this.#unanswered - 1)
    const claim = this.#claim
    if (claim?.node !== node || this.#phase !== 'resetting' || this.#unanswered > 0) return
    if (result === 'OK') {
      this.#claim = undefined
      claim.take()
      return
    }
    ground.chronicle.log(lines.stonithFailed(node))
    this.#phase = 'resetAgain'
    this.#resetAgainMs = ground.nowMs + RESET_AGAIN_MS
  }

  /** The claim has no object any more: the node is heard, has left in good order, or we stop. */
  withdraw(because: string): void {
    const claim = this.#claim
    if (claim === undefined) return
    this.#claim = undefined
    this.#resetAgainMs = NEVER
    this.#ground.chronicle.decide(this.#ground.us, `takeover from ${claim.node} cancelled`, because)
  }

  /** Where a ping node is back the peer may be as well: it gets the time for a heartbeat. */
  #awaitPing(claim: Claim, nowMs: number): void {
    if (!this.#canGoOn(claim)) this.#answersSinceMs = undefined
    else {
      this.#answersSinceMs ??= nowMs
      if (nowMs - this.#answersSinceMs >= this.#patienceMs) this.#reset(claim)
    }
  }

  get #patienceMs(): number {
    return PATIENCE_KEEPALIVES * this.#ground.config.keepaliveMs
  }

  #canGoOn({ silentSinceMs }: Claim): boolean {
    const { config, membership, nowMs } = this.#ground
    if (config.takeoverNeedsPing !== true || config.pingNodes.length === 0) return true
    const { keepaliveMs } = config
    const recentMs = nowMs - ANSWERS_WITHIN_KEEPALIVES * keepaliveMs
    // An answer from before the next heartbeat was due may be older than the fault that silenced the peer.
    const sinceMs = Math.max(recentMs, (silentSinceMs ?? Number.NEGATIVE_INFINITY) + keepaliveMs)
    return membership.others().some(peer => peer.type === 'ping' && (peer.heardAtMs ?? -1) > sinceMs)
  }

  #reset(claim: Claim): void {
    const ground = this.#ground
    this.#resetAgainMs = NEVER
    if (ground.config.canReset === true && claim.mayHold) {
      this.#phase = 'resetting'
      this.#unanswered++
      ground.chronicle.push({ kind: 'reset', node: claim.node })
      return
    }
    this.#claim = undefined
    claim.take()
  }
}

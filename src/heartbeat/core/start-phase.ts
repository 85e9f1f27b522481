/**
 * From communication being up to being stable: tell and ask (`starting`), hear what the peer holds, take our own groups
 * unless the peer holds them. With nobody else alive the takeover does it all.
 */
import * as lines from '../log-lines.js'
import { ALL, type Bits, common, FOREIGN, flip, LOCAL, NONE, without } from './classes.js'
import type { Clearance } from './clearance.js'
import type { Ground } from './ground.js'
import type { Legacy } from './legacy.js'
import type { Takeover } from './takeover.js'

/** The original's fixed start clock: when it has run out we stop waiting for the peer to be stable. */
const START_CLOCK_MS = 10_000

export class StartPhase {
  #clockMs = Number.POSITIVE_INFINITY
  readonly #ground: Ground
  readonly #legacy: Legacy
  readonly #takeover: Takeover
  readonly #clearance: Clearance

  constructor(ground: Ground, legacy: Legacy, takeover: Takeover, clearance: Clearance) {
    this.#ground = ground
    this.#legacy = legacy
    this.#takeover = takeover
    this.#clearance = clearance
  }

  begin(peerIsActive: boolean): void {
    const ground = this.#ground
    ground.state = 'starting'
    if (ground.isLegacy)
      this.#clear(ground.peerIsAlive ? FOREIGN : NONE, () => this.#beginLegacy(peerIsActive))
    else if (ground.config.nodes.length === 1) this.#beginAlone()
    else if (ground.peerIsAlive) this.#clear(FOREIGN, () => this.#sayStarting())
    else {
      this.#sayStarting()
      this.#takeUnheard(
        because => this.#takeover.from(ground.peerName, because),
        // Nobody has heard that we start.
        () => this.#sayStarting(),
      )
    }
  }

  /** Who has left in good order needs no more questions; who is dead or was never heard may still be at work. */
  #takeUnheard(take: (because: string) => void, otherwise: () => void): void {
    const ground = this.#ground
    // Who was told to keep all by a restart has nothing more to take.
    if (ground.peerHasLeft || ground.held === ALL) take('it has stopped')
    else {
      const [node, mayHold] = [ground.peerName, ground.peerMayHold]
      this.#clearance.ask({
        node,
        silentSinceMs: undefined,
        mayHold,
        take: () => take('not heard'),
        otherwise,
      })
    }
  }

  /**
   * Called while we are not stable. The peer is stable: its word is final. It is starting too and has told what it
   * holds: so is that. Else the original's clock of 10 s runs from its first word.
   */
  advance(nowMs: number): void {
    const ground = this.#ground
    if (ground.isLegacy || !ground.peer.hasClaimed || !ground.jobs.isIdle) return
    if (ground.state !== 'resourcesReceived') {
      ground.state = 'resourcesReceived'
      this.#clockMs = nowMs + START_CLOCK_MS
    }
    if (ground.peer.isStable) this.#finish('them')
    else if (ground.peer.hasStarted || nowMs >= this.#clockMs) this.#finish('us')
  }

  nextMs(): number {
    return this.#ground.state === 'resourcesReceived' ? this.#clockMs : Number.POSITIVE_INFINITY
  }

  /** A cluster of one node: there is nobody to ask and nothing to take over. */
  #beginAlone(): void {
    this.#ground.state = 'stable'
    this.#ground.hold(ALL, 'start, there is no other node')
    this.#takeover.takeLocal('start')
  }

  #beginLegacy(peerIsActive: boolean): void {
    const ground = this.#ground
    if (ground.state !== 'starting') return
    if (ground.peerIsAlive) {
      this.#legacy.start(peerIsActive)
      return
    }
    const take = (because: string): void => {
      this.#legacy.start(false)
      this.#takeover.from(ground.peerName, because)
    }
    this.#takeUnheard(take, () =>
      this.#legacy.start(ground.membership.living().some(({ status }) => status === 'active')),
    )
  }

  #sayStarting(): void {
    const ground = this.#ground
    // A takeover or a stop may have overtaken the start.
    if (ground.state === 'shutdown' || (ground.state === 'stable' && ground.peerIsAlive)) return
    ground.say(['t', 'starting'])
    ground.announceToSystole()
  }

  /** `by`: whose being stable ends the start. */
  #finish(by: 'us' | 'them'): void {
    const ground = this.#ground
    ground.state = 'stable'
    const isHeldByPeer = (flip(ground.peer.held) & LOCAL) !== 0
    if (by === 'us') ground.chronicle.log(lines.localTransition())
    const awaitsFailback = by === 'them' && isHeldByPeer && ground.config.autoFailback === 'on'
    if (!awaitsFailback) ground.completeStart(`T_RESOURCES(${by})`)
    if ((ground.held & LOCAL) === 0 && !isHeldByPeer) {
      ground.hold(LOCAL, 'start, the other node does not hold them')
      // Said before the first script runs, as the original does: a peer that starts too need not wait for them.
      ground.announce(true)
      this.#takeover.takeLocal('start')
    } else {
      ground.chronicle.log(lines.localAcquiredNone())
      ground.owesStable = true
      this.#clear(common(LOCAL, flip(ground.peer.held)), () => {})
    }
  }

  /** Groups that we do not claim may still run here, left by an earlier life of this daemon that was killed. */
  #clear(bits: Bits, whenCleared: () => void): void {
    const ground = this.#ground
    const stray = without(bits, ground.held)
    if (stray === NONE) {
      whenCleared()
      return
    }
    ground.jobs.add({
      what: 'clear',
      bits: stray,
      node: ground.us,
      why: 'start',
      whenEnded: failed => {
        ground.noteStops(stray, failed)
        whenCleared()
      },
    })
  }
}

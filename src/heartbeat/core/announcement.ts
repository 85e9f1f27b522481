/**
 * Tells the neighbours anew which addresses are here when they may have heard of another owner: the peer has come back,
 * or both held the same. Only when it is settled who holds them; else two nodes would talk against each other.
 */
import * as lines from '../log-lines.js'
import { NONE } from './classes.js'
import type { Ground } from './ground.js'

export class Announcement {
  #why: string | undefined
  readonly #ground: Ground

  constructor(ground: Ground) {
    this.#ground = ground
  }

  owe(why: string): void {
    this.#why = why
  }

  /** Called when nothing is in flux here. */
  advance(): void {
    const { held, contested, peer, peerIsAlive, isInDoubt, chronicle } = this.#ground
    if (this.#why === undefined || isInDoubt) return
    if (contested !== NONE || (peerIsAlive && (!peer.hasClaimed || peer.claimIsOld))) return
    const why = this.#why
    this.#why = undefined
    if (held === NONE) return
    chronicle.log(lines.announcing(why))
    chronicle.push({ kind: 'announce', why })
  }
}

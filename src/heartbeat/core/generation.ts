/**
 * Our generation, should it be too low: after a restore from a backup the peers take all we say for replayed packets
 * and drop it. They cannot tell us; but a peer that hears us acknowledges and answers, so one that we hear and that
 * does neither refuses us. Then the wall clock gives a generation higher than any of an earlier clock, and to the peers
 * a new life of ours begins.
 */
import * as lines from '../log-lines.js'
import type { Ground } from './ground.js'
import type { NodeList } from './node-list.js'

const ASK_EVERY_MS = 1000
/** So many questions without an answer: loss alone hardly does that. */
const ASKS = 5
/** Then at most once in so many questions: the network may be open in one direction only. */
const ASKS_AGAIN = 60
const GENERATION_MAX = 0xffff_ffff
const NEVER = Number.POSITIVE_INFINITY

export class Generation {
  #asks = 0
  #nextMs = NEVER
  readonly #ground: Ground
  readonly #nodeList: NodeList
  readonly #onRaised: () => void

  constructor(ground: Ground, nodeList: NodeList, onRaised: () => void) {
    this.#ground = ground
    this.#nodeList = nodeList
    this.#onRaised = onRaised
  }

  /** Looks for a living peer that has not shown to hear us. A starting node asks for the list of nodes anyway. */
  tend(nowMs: number): void {
    const deaf = this.#ground.membership.living().find(peer => !peer.hearsUs && !peer.hasLeft)
    if (deaf === undefined) {
      this.#asks = 0
      this.#nextMs = NEVER
      return
    }
    if (this.#nextMs === NEVER) this.#nextMs = nowMs + ASK_EVERY_MS
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + ASK_EVERY_MS
    this.#asks++
    if (this.#asks % ASKS_AGAIN === ASKS) this.#raise(deaf.name)
    if (this.#nodeList.isKnown) this.#nodeList.ask(deaf.name)
  }

  nextMs(): number {
    return this.#nextMs
  }

  #raise(deaf: string): void {
    const { config, chronicle, sender, us } = this.#ground
    const { generation } = sender
    const next = config.wallSeconds() + 1
    if (next <= generation || next >= GENERATION_MAX) return
    chronicle.push({ kind: 'generation', generation: next })
    chronicle.log(lines.generationRaised(deaf, generation, next))
    chronicle.decide(us, `generation ${generation} -> ${next}`, `${deaf} is heard and does not answer`)
    sender.beginAnew(next)
    this.#onRaised()
  }
}

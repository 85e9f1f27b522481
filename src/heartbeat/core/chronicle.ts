/**
 * Collects what one step gives: effects in order, log lines, and decisions with their reasons. Keeps the last
 * decisions for the state record.
 */
import type { LogLine } from '../log-lines.js'
import type { Decision, Effect } from './contract.js'

const DECISIONS_MAX = 100
/** Lines that a peer can cause at will are said once in this time per subject; so many subjects are remembered. */
const REPEAT_MS = 60_000
const SUBJECTS_MAX = 64

export class Chronicle {
  nowMs = 0
  #effects: Effect[] = []
  #decisions: Decision[] = []
  #saidAtMs = new Map<string, number>()

  push(effect: Effect): void {
    this.#effects.push(effect)
  }

  log(...lines: readonly LogLine[]): void {
    for (const line of lines) this.push({ kind: 'log', level: line.level, text: line.text })
  }

  /** Says a line at most once a minute per subject. */
  logRarely(subject: string, line: LogLine): void {
    const said = this.#saidAtMs.get(subject)
    if (said !== undefined && this.nowMs - said < REPEAT_MS) return
    if (said === undefined && this.#saidAtMs.size >= SUBJECTS_MAX) {
      for (const [old, atMs] of this.#saidAtMs) if (this.nowMs - atMs >= REPEAT_MS) this.#saidAtMs.delete(old)
      if (this.#saidAtMs.size >= SUBJECTS_MAX) return
    }
    this.#saidAtMs.set(subject, this.nowMs)
    this.log(line)
  }

  decide(node: string, what: string, because: string): void {
    const decision: Decision = { atMs: this.nowMs, node, what, because }
    this.#decisions.push(decision)
    if (this.#decisions.length > DECISIONS_MAX) this.#decisions.shift()
    this.push({ kind: 'decided', decision })
  }

  get decisions(): readonly Decision[] {
    return [...this.#decisions]
  }

  /** Nothing has been collected. */
  get isEmpty(): boolean {
    return this.#effects.length === 0
  }

  /** Hands out what has been collected and starts anew. */
  take(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }
}

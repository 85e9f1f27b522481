/** What the parts of the benchmark share: where results go, what is undone at the end, and who may measure now. */
import type { Owner } from '../../test/peers/harness.js'
import { Results } from './results.js'

export class Session {
  readonly results = new Results()
  #undo: (() => unknown)[] = []
  #last: Promise<unknown> = Promise.resolve()

  /** One at a time: what is measured here must not meet the work of another contestant. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Runs with a list of its own of what to undo, which is worked off at its end. */
  async within<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
    const undo: (() => unknown)[] = []
    this.#undo.push(() => undoAll(undo))
    try {
      return await work({ teardown: fn => undo.push(fn) } as Owner)
    } finally {
      await undoAll(undo)
    }
  }

  /** For an end by signal. */
  async close(): Promise<void> {
    await undoAll(this.#undo)
  }

  say(text: string): void {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
  }
}

async function undoAll(undo: (() => unknown)[]): Promise<void> {
  for (let fn = undo.pop(); fn; fn = undo.pop()) await fn()
}

/** All at the same time; when one fails the others are still waited for, so that nothing is pulled from under them. */
export async function sideBySide<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(work)
  return ended.map(outcome => {
    if (outcome.status === 'fulfilled') return outcome.value
    throw outcome.reason
  })
}

/** When a line reached a log file, to a millisecond or two: the original's log itself tells only seconds. */
import { closeSync, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs'

export class LogWatch {
  readonly #file: number
  readonly #watcher: FSWatcher
  readonly #lines: { readonly atMs: number; readonly text: string }[] = []
  #place: number
  #rest = ''

  constructor(path: string) {
    this.#file = openSync(path, 'r')
    this.#place = fstatSync(this.#file).size
    this.#watcher = watch(path, () => this.#read())
  }

  /** When the first line that matches was written; null when none was. */
  timeOf(pattern: RegExp): number | null {
    return this.#lines.find(({ text }) => pattern.test(text))?.atMs ?? null
  }

  close(): void {
    this.#watcher.close()
    closeSync(this.#file)
  }

  #read(): void {
    const atMs = Date.now()
    const length = fstatSync(this.#file).size - this.#place
    if (length <= 0) return
    const piece = Buffer.alloc(length)
    this.#place += readSync(this.#file, piece, 0, length, this.#place)
    const lines = (this.#rest + piece.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const text of lines) this.#lines.push({ atMs, text })
  }
}

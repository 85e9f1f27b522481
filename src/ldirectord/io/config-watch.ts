/**
 * Notices that a file holds something else than what was loaded. Size, inode and the time of change to the nanosecond
 * are compared first; only when one differs is the file read and its digest compared, so a mere `touch` is nothing.
 * It is read when two looks in a row found it the same: an editor that writes into the file itself leaves it empty, or
 * cut, for a moment, and an empty file is a valid one without services.
 */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { readSmallFile } from '../../base/io/files.js'
import { CONFIG_BYTES_MAX } from './instance.js'

export type Look = 'same' | 'changed' | 'unreadable'

export class ConfigWatch {
  readonly #file: string
  /** As it was when it was compared last, and at the last look. */
  #compared = ''
  #seen = ''
  #digest: string
  #wasReadable = true

  /** @param loadedText what the file held when it was parsed */
  constructor(file: string, loadedText: Uint8Array) {
    this.#file = file
    this.#digest = digestOf(loadedText)
  }

  /** `changed` and `unreadable` are each said once for one state of the file. */
  async look(): Promise<Look> {
    try {
      const { mtimeNs, ctimeNs, size, ino } = await stat(this.#file, { bigint: true })
      const shape = [mtimeNs, ctimeNs, size, ino].join(' ')
      if (shape === this.#compared && this.#wasReadable) return 'same'
      const isSettled = shape === this.#seen
      this.#seen = shape
      if (!isSettled) return 'same'
      const digest = digestOf(readSmallFile(this.#file, CONFIG_BYTES_MAX))
      this.#compared = shape
      this.#wasReadable = true
      if (digest === this.#digest) return 'same'
      this.#digest = digest
      return 'changed'
    } catch {
      const isNews = this.#wasReadable
      this.#wasReadable = false
      return isNews ? 'unreadable' : 'same'
    }
  }

  /** The file was loaded by another way (a signal); what it held then is no news any more. */
  loaded(text: Uint8Array): void {
    this.#digest = digestOf(text)
  }
}

function digestOf(text: Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

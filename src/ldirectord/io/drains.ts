/**
 * The drains of one instance and their file, which outlives reloads, restarts and reboots. A change counts when it is
 * on the disk: the new list is written first and used after.
 */
import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { readSmallFile, replaceFile } from '../../base/io/files.js'
import type { Log } from '../../log/record.js'
import { DRAIN_FILE_BYTES_MAX, type Drain, parseDrains, printDrains, withoutExpired } from '../core/drain.js'

export interface DrainsRead {
  readonly drains: readonly Drain[]
  /** One sentence. */
  readonly problem: string | null
  /** Read, but not understood. */
  readonly isFaulty: boolean
}

export function readDrains(path: string): DrainsRead {
  let text: string
  try {
    text = readSmallFile(path, DRAIN_FILE_BYTES_MAX).toString('utf8')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const problem = isMissing ? null : `drains cannot be read: ${(error as Error).message}`
    return { drains: [], problem, isFaulty: false }
  }
  const drains = parseDrains(text)
  if (typeof drains !== 'string')
    return { drains: withoutExpired(drains, Date.now()), problem: null, isFaulty: false }
  return { drains: [], problem: `${path} ${drains}, so no server is drained`, isFaulty: true }
}

export class Drains {
  readonly #path: string
  readonly #log: Log
  #list: readonly Drain[]

  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
    this.#list = this.#read()
  }

  get list(): readonly Drain[] {
    return this.#list
  }

  /** null: it is on the disk and in force; else why it could not be written, and nothing has changed. */
  replace(list: readonly Drain[]): string | null {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      replaceFile(this.#path, printDrains(list), 0o600)
    } catch (error) {
      return `${this.#path}: ${(error as Error).message}`
    }
    this.#list = list
    return null
  }

  /** Ends the drains whose time is over; true when there were any. They end even where the file cannot be written. */
  expire(): boolean {
    const left = withoutExpired(this.#list, Date.now())
    if (left === this.#list) return false
    const failure = this.replace(left)
    if (failure !== null) this.#log('ERROR', `a drain has ended, but its file still holds it: ${failure}`)
    this.#list = left
    return true
  }

  #read(): readonly Drain[] {
    const { drains, problem, isFaulty } = readDrains(this.#path)
    if (problem === null) return drains
    this.#log('ERROR', isFaulty ? `${problem}; it is kept as ${this.#path}.faulty` : problem)
    if (isFaulty) this.#keepFaulty()
    return drains
  }

  #keepFaulty(): void {
    try {
      renameSync(this.#path, `${this.#path}.faulty`)
    } catch (error) {
      this.#log('ERROR', `${this.#path}: ${(error as Error).message}`)
    }
  }
}

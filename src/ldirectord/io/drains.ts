/**
 * The drains of one instance and their file, which outlives reloads, restarts and reboots. A change counts when it is
 * on the disk: the new list is written first and used after.
 */
import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { readSmallFile, replaceFile } from '../../base/io/files.js'
import type { Log } from '../../log/record.js'
import type { Drain } from '../core/drain.js'
import { DRAIN_FILE_BYTES_MAX, parseLedger, printLedger } from '../core/drain-file.js'
import {
  drainsOf,
  EMPTY_LEDGER,
  type Entry,
  type Ledger,
  merged,
  noted,
  withoutOver,
} from '../core/drain-ledger.js'

export interface DrainsRead {
  readonly ledger: Ledger
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
    return nothing(isMissing ? null : `drains cannot be read: ${(error as Error).message}`, false)
  }
  const found = parseLedger(text)
  if (typeof found === 'string') return nothing(`${path} ${found}, so no server is drained`, true)
  const ledger = withoutOver(found, Date.now())
  return { ledger, drains: drainsOf(ledger), problem: null, isFaulty: false }
}

const nothing = (problem: string | null, isFaulty: boolean): DrainsRead => ({
  ledger: EMPTY_LEDGER,
  drains: [],
  problem,
  isFaulty,
})

export class Drains {
  readonly #path: string
  readonly #log: Log
  #ledger: Ledger
  #list: readonly Drain[]
  /** The name of this node in the cluster; '' as long as no cluster has told it. */
  node = ''
  /** Called with what was changed here, for the other director. */
  onChange: (changed: readonly Entry[]) => void = () => {}

  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
    this.#ledger = this.#read()
    this.#list = drainsOf(this.#ledger)
  }

  get list(): readonly Drain[] {
    return this.#list
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  /** null: it is on the disk and in force; else why it could not be written, and nothing has changed. */
  replace(list: readonly Drain[]): string | null {
    const { ledger, changed } = noted(this.#ledger, list, Date.now(), this.node)
    const failure = this.#write(ledger)
    if (failure !== null) return failure
    this.#use(ledger)
    this.onChange(changed)
    return null
  }

  /** Takes over what the other director knows better; true when something changed. It holds even where it cannot be written. */
  merge(entries: readonly Entry[]): boolean {
    const ledger = merged(this.#ledger, entries, Date.now())
    if (ledger === this.#ledger) return false
    const failure = this.#write(ledger)
    if (failure !== null) this.#log('ERROR', `drains of the other director will not last: ${failure}`)
    this.#use(ledger)
    return true
  }

  /** Ends the drains whose time is over; true when there were any. They end even where the file cannot be written. */
  expire(): boolean {
    const ledger = withoutOver(this.#ledger, Date.now())
    if (ledger === this.#ledger) return false
    const failure = this.#write(ledger)
    if (failure !== null) this.#log('ERROR', `a drain has ended, but its file still holds it: ${failure}`)
    this.#use(ledger)
    return true
  }

  #use(ledger: Ledger): void {
    this.#ledger = ledger
    this.#list = drainsOf(ledger)
  }

  #write(ledger: Ledger): string | null {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      replaceFile(this.#path, printLedger(ledger), 0o600)
      return null
    } catch (error) {
      return `${this.#path}: ${(error as Error).message}`
    }
  }

  #read(): Ledger {
    const { ledger, problem, isFaulty } = readDrains(this.#path)
    if (problem === null) return ledger
    this.#log('ERROR', isFaulty ? `${problem}; it is kept as ${this.#path}.faulty` : problem)
    if (isFaulty) this.#keepFaulty()
    return ledger
  }

  #keepFaulty(): void {
    try {
      renameSync(this.#path, `${this.#path}.faulty`)
    } catch (error) {
      this.#log('ERROR', `${this.#path}: ${(error as Error).message}`)
    }
  }
}

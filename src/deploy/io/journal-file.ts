/**
 * The journal on disk: one file a run, appended and synced entry by entry, so that a step is on record before it has
 * an effect. Beside it the archive that is uploaded, so that a resumed run sends the same bytes.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { readSmallFile } from '../../base/io/files.js'
import { type Entry, parseEntries, printEntry, type Replayed, replay } from '../codec/journal.js'

const JOURNAL_BYTES_MAX = 64 * 1024 * 1024
/** Journals of ended runs that are kept. */
const HISTORY_MAX = 100
const SUFFIX = '.journal'

export class JournalFile {
  readonly #fd: number

  constructor(folder: string, run: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#fd = openSync(join(folder, `${run}${SUFFIX}`), 'a+', 0o600)
    this.#cutHalfLine(folder, run)
    // The name of a new file is safe once its folder is.
    const folderFd = openSync(folder, 'r')
    fsyncSync(folderFd)
    closeSync(folderFd)
  }

  append(entry: Entry): void {
    const bytes = Buffer.from(printEntry(entry))
    let written = 0
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written)
    fsyncSync(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** A line that a power cut left half must not become the start of the next one. */
  #cutHalfLine(folder: string, run: string): void {
    if (fstatSync(this.#fd).size === 0) return
    const text = readSmallFile(join(folder, `${run}${SUFFIX}`), JOURNAL_BYTES_MAX)
    const end = text.lastIndexOf(10) + 1
    if (end < text.length) ftruncateSync(this.#fd, end)
  }
}

export interface Known {
  readonly run: string
  readonly replayed: Replayed | { readonly reason: string }
}

/** All journals, oldest first. */
export function readJournals(folder: string): Known[] {
  return journalNames(folder).map(run => {
    try {
      const text = readSmallFile(join(folder, `${run}${SUFFIX}`), JOURNAL_BYTES_MAX).toString('utf8')
      return { run, replayed: replay(text) }
    } catch (error) {
      return { run, replayed: { reason: (error as Error).message } }
    }
  })
}

function journalNames(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter(name => name.endsWith(SUFFIX))
    return names.map(name => name.slice(0, -SUFFIX.length)).sort()
  } catch {
    return [] // no run was ever made
  }
}

/** The run that was begun and not ended, if there is one. A journal that says nothing (cut before its plan) is none. */
export function unfinishedRun(folder: string): Known | null {
  const open = readJournals(folder).filter(({ replayed }) => 'reason' in replayed || !replayed.isClosed)
  return open.at(-1) ?? null
}

/** Whether the journal of this run is here and closed. */
export const hasEnded = (folder: string, run: string): boolean =>
  readJournals(folder).some(
    known => known.run === run && 'isClosed' in known.replayed && known.replayed.isClosed,
  )

/** What a journal says line by line; nothing where it cannot be read. */
export function readEntries(folder: string, run: string): readonly Entry[] {
  try {
    return parseEntries(readSmallFile(join(folder, `${run}${SUFFIX}`), JOURNAL_BYTES_MAX).toString('utf8'))
  } catch {
    return [] // only times are read from it: the end of a run does not depend on them
  }
}

export const archivePath = (folder: string, run: string): string => join(folder, `${run}.tar.gz`)

/** What an ended run needs no more; the oldest journals go. */
export function tidy(folder: string, run: string): void {
  rmSync(archivePath(folder, run), { force: true })
  const names = journalNames(folder)
  for (const old of names.slice(0, Math.max(0, names.length - HISTORY_MAX)))
    rmSync(join(folder, `${old}${SUFFIX}`), { force: true })
}

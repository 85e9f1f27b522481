/**
 * Appends lines to a log file without ever making the caller wait for the disk: lines queue (with a limit) and one
 * write is under way at a time. The file is opened for each batch, so logrotate needs no signal.
 */
import { appendFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

const QUEUE_LINES_MAX = 10_000

export interface LineSink {
  write(line: string): void
  /** Writes what is queued at once, blocking: for the last words of a process. */
  flushNow(): void
}

export interface FileLog extends LineSink {
  /** Resolves when everything written before is in the file: for a process that ends in good order. */
  close(): Promise<void>
}

export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

/** Writes at the end of the file; a regular file of somebody else's is given to `owner`. */
async function append(path: string, text: string, mode: number, owner: FileOwner | null): Promise<void> {
  const file = await open(path, 'a', mode)
  try {
    await file.appendFile(text)
    if (owner === null) return
    const stat = await file.stat()
    if (stat.isFile() && stat.uid !== owner.uid) await file.chown(owner.uid, owner.gid)
  } finally {
    await file.close()
  }
}

/**
 * `owner`: who else writes into the file, where the caller may give files away. `onTrouble` hears when writing begins
 * to fail and when it works again; the file itself says afterwards how many lines it lacks.
 */
export function fileLog(
  path: string,
  mode = 0o640,
  owner: FileOwner | null = null,
  onTrouble: (sentence: string) => void = () => {},
): FileLog {
  let queue: string[] = []
  let dropped = 0
  let lost = 0
  let failure: string | null = null
  let writing = false
  let written: Promise<void> = Promise.resolve()
  const take = (): string => {
    const text =
      queue.join('') + (dropped > 0 ? `(${dropped} log lines dropped: the disk was too slow)\n` : '')
    queue = []
    dropped = 0
    return text
  }
  const works = (): void => {
    if (failure !== null) onTrouble(`${path} is written again: ${lost} lines were lost (${failure})`)
    failure = null
    lost = 0
  }
  /** A full disk or a folder that vanished must not end a daemon; the next line tries again. */
  const fails = (lines: number, error: NodeJS.ErrnoException): void => {
    lost += lines
    const code = error.code ?? error.message
    if (code !== failure)
      onTrouble(`${path} cannot be written (${code}): lines are lost until that is mended`)
    failure = code
  }
  const drain = async (): Promise<void> => {
    writing = true
    while (queue.length > 0) {
      const lines = queue.length + dropped
      // What was written last may have been cut within a line.
      const before = failure === null ? '' : `\n(${lost} log lines lost: ${failure})\n`
      try {
        await append(path, before + take(), mode, owner)
        works()
      } catch (error) {
        fails(lines, error as NodeJS.ErrnoException)
        break
      }
    }
    writing = false
  }
  return {
    write(line) {
      if (queue.length >= QUEUE_LINES_MAX) dropped++
      else queue.push(line)
      if (!writing) written = drain()
    },
    flushNow() {
      if (queue.length === 0) return
      try {
        appendFileSync(path, take(), { mode })
      } catch {
        // Nobody is left to be told.
      }
    },
    close: () => written,
  }
}

/** Follows log files as they grow: whole lines only, a limit on what is read at once, files that come and go. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const BYTES_PER_LOOK_MAX = 65_536
const LINE_BYTES_MAX = 4_096

export interface Follower {
  /** The lines that were added since the last look. */
  look(): string[]
}

export function follow(path: string): Follower {
  let offset = 0
  let rest = ''
  const readMore = (): string => {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch {
      return '' // not there yet
    }
    try {
      const { size } = fstatSync(fd)
      if (size < offset) offset = 0 // rotated
      const buffer = Buffer.alloc(Math.min(size - offset, BYTES_PER_LOOK_MAX))
      const length = readSync(fd, buffer, 0, buffer.length, offset)
      offset += length
      return buffer.toString('latin1', 0, length)
    } finally {
      closeSync(fd)
    }
  }
  return {
    look() {
      const lines = (rest + readMore()).split('\n')
      rest = (lines.pop() ?? '').slice(-LINE_BYTES_MAX)
      return lines
    },
  }
}

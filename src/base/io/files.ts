/** Small files that must be read with a limit and written so that a reader or a power cut never sees half of one. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'

/** Reads a whole regular file of at most `bytesMax` bytes. Throws the error of the system, or one that says "larger than". */
export function readSmallFile(path: string, bytesMax: number): Buffer {
  // A FIFO that stands in the place of the file would make a plain open wait for its writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw Object.assign(new Error(`${path} is not a regular file`), { code: 'ENOTREG' })
    const buffer = Buffer.alloc(Math.min(Math.max(stat.size, 4096), bytesMax) + 1)
    let length = 0
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      if (read === 0) return buffer.subarray(0, length)
      length += read
      if (length === buffer.length) {
        throw Object.assign(new Error(`${path} is larger than ${bytesMax} bytes`), { code: 'EFBIG' })
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Replaces a file in one step (write beside it, fsync, rename). Throws the error of the system. */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const beside = `${path}.new.${process.pid}`
  const fd = openSync(beside, 'w', mode)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    let written = 0
    while (written < bytes.length) written += writeSync(fd, bytes, written)
    fsyncSync(fd)
  } catch (error) {
    unlinkSync(beside)
    throw error
  } finally {
    closeSync(fd)
  }
  renameSync(beside, path)
}

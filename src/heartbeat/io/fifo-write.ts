/**
 * Puts a message into the daemon's FIFO, as hb_standby and its like do. Never waits: when nobody reads, that is said
 * at once, instead of blocking or leaving a plain file behind as the original's scripts do.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { encodeClassic } from '../wire/classic.js'
import type { Message } from '../wire/message.js'

/** null, or one sentence why the message was not written. */
export function writeToFifo(path: string, message: Message): string | null {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    if (!fstatSync(fd).isFIFO()) return `${path} is not a FIFO: stop heartbeat, remove it, start heartbeat`
    const bytes = encodeClassic(message)
    return writeSync(fd, bytes) === bytes.length ? null : `${path} is full: heartbeat does not read it`
  } catch (error) {
    return reason(path, error as NodeJS.ErrnoException)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function reason(path: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENXIO':
    case 'ENOENT':
      return 'heartbeat is not running on this machine: start it first'
    case 'EACCES':
    case 'EPERM':
      return `only the user that heartbeat runs as may write to ${path}`
    case 'EAGAIN':
      return `${path} is full: heartbeat does not read it`
    default:
      return `cannot write to ${path}: ${message}`
  }
}

/** What devices are asked by ioctl(2): a watchdog for its time, a serial line for what waits in it. */
import { calls, failure, int32, isLittle, isNativeFailure, type NativeFailure } from './native.js'

const TCFLSH = 0x540b
const TCIOFLUSH = 2
const TIOCOUTQ = 0x5411
/** _IOWR('W', 6, int) */
const WDIOC_SETTIMEOUT = 0xc0045706

/** Has a watchdog device wait so long for the next sign of life. */
export function setWatchdogTimeout(fd: number, seconds: number): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  return c.ioctlInto(fd, WDIOC_SETTIMEOUT, int32(seconds)) < 0 ? failure(c, 'ioctl') : null
}

/**
 * Forgets what waits in a serial line. Without it closing a line whose other end is dead waits half a minute for the
 * output to be taken.
 */
export function flushTerminal(fd: number): void {
  const c = calls()
  if (!isNativeFailure(c)) c.ioctl(fd, TCFLSH, TCIOFLUSH)
}

/** Bytes that a serial line has not yet sent; 0 where that cannot be told. */
export function terminalBytesWaiting(fd: number): number {
  const c = calls()
  if (isNativeFailure(c)) return 0
  const answer = int32(0)
  if (c.ioctlInto(fd, TIOCOUTQ, answer) !== 0) return 0
  return isLittle ? answer.readInt32LE() : answer.readInt32BE()
}

/** Pseudo-terminals as serial lines: a pair joined like two ports by a null modem, or one end alone. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ReadStream } from 'node:tty'

const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430

export interface Port {
  /** What a daemon opens. */
  readonly path: string
  /** The far end. */
  readonly master: number
}

/** null: no pseudo-terminals, or no native calls, on this machine. */
export function openPort(): Port | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi')
    const ioctl = koffi.load(null).func('int ioctl(int, unsigned long, void *)')
    const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    const number = Buffer.alloc(4)
    if (ioctl(master, TIOCSPTLCK, number) !== 0 || ioctl(master, TIOCGPTN, number) !== 0) return null
    return { path: `/dev/pts/${number.readInt32LE()}`, master }
  } catch {
    return null // koffi or /dev/ptmx is missing: the tests say so
  }
}

/**
 * Carries bytes both ways until the returned function is called. Meanwhile the near ends are held open, as a driver's
 * port exists while nobody uses it, and echo nothing.
 */
export function join(a: Port, b: Port): () => void {
  const held = [a, b].map(({ path }) => openSync(path, constants.O_RDWR | constants.O_NOCTTY))
  for (const { path } of [a, b]) execFileSync('stty', ['-F', path, 'raw', '-echo'])
  const [first, second] = [a, b].map(
    ({ master }) => new ReadStream(master, { readable: true, writable: true }),
  )
  first!.on('data', (bytes: Buffer) => second!.write(bytes))
  second!.on('data', (bytes: Buffer) => first!.write(bytes))
  return () => {
    first!.destroy()
    second!.destroy()
    for (const fd of held) closeSync(fd)
  }
}

export function closePort({ master }: Port): void {
  closeSync(master)
}

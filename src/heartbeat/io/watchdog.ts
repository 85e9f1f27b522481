/**
 * The watchdog device of ha.cf: a byte with each heartbeat, and the letter V before it is closed in good order, which
 * tells the driver that nobody will write any more. When this process hangs or dies, the driver resets the machine.
 * Bytes, words and time are those of heartbeat 3.0.6; a device that cannot be used is said, and the node goes on.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setWatchdogTimeout } from '../../base/io/device-control.js'
import { isNativeFailure } from '../../base/io/native.js'
import type { Level } from '../../log/record.js'

const SIGN_OF_LIFE = Buffer.alloc(1)
const GOODBYE = Buffer.from('V')

/** Ten milliseconds more than deadtime, in whole seconds. */
export const watchdogSeconds = (deadtimeMs: number): number => Math.ceil((deadtimeMs + 10) / 1000)

export class Watchdog {
  readonly #device: string
  readonly #say: (level: Level, text: string) => void
  #fd: number | null = null

  constructor(device: string, say: (level: Level, text: string) => void) {
    this.#device = device
    this.#say = say
  }

  open(deadtimeMs: number): void {
    try {
      // A FIFO without a reader would else hold up the start.
      this.#fd = openSync(this.#device, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      this.#say('ERROR', `Cannot open watchdog device: ${this.#device}: ${reasonOf(error)}`)
      return
    }
    this.#say('notice', `Using watchdog device: ${this.#device}`)
    this.setTime(deadtimeMs)
    this.beat()
  }

  /** Deadtime has changed. */
  setTime(deadtimeMs: number): void {
    if (this.#fd === null) return
    const seconds = watchdogSeconds(deadtimeMs)
    const failure = setWatchdogTimeout(this.#fd, seconds)
    if (!isNativeFailure(failure)) return
    const level = failure.code === 'UNAVAILABLE' ? 'WARN' : 'ERROR'
    this.#say(
      level,
      `WDIOC_SETTIMEOUT: Failed to set watchdog timer to ${seconds} seconds.: ${failure.reason}`,
    )
  }

  beat(): void {
    const problem = this.#write(SIGN_OF_LIFE)
    if (problem === null) return
    this.#say('ERROR', `Watchdog write failure: closing ${this.#device}!: ${problem}`)
    this.#close()
  }

  /** In good order: the machine is not reset. */
  close(): void {
    if (this.#fd === null) return
    const problem = this.#write(GOODBYE)
    if (problem === null) this.#say('debug', "Successful watchdog 'V' write")
    else this.#say('ERROR', `Watchdog write magic character failure: closing ${this.#device}!: ${problem}`)
    this.#close()
  }

  #write(bytes: Buffer): string | null {
    if (this.#fd === null) return null
    try {
      writeSync(this.#fd, bytes)
      return null
    } catch (error) {
      // A full FIFO: its reader has signs of life enough.
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? null : reasonOf(error)
    }
  }

  #close(): void {
    if (this.#fd === null) return
    try {
      closeSync(this.#fd)
    } catch (error) {
      this.#say('ERROR', `Watchdog close(2) failed.: ${reasonOf(error)}`)
    }
    this.#fd = null
  }
}

/** Of Node's `ENOENT: no such file or directory, open '/dev/x'` the middle. */
const reasonOf = (error: unknown): string =>
  (error as Error).message.replace(/^[A-Z0-9]+: /, '').replace(/, \w+( '.*')?$/, '')

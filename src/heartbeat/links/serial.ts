/**
 * `serial TTY`: a line to the next node, with the classic form of each message. Nothing here waits for the line: it is
 * opened and written without blocking, what it does not take within about a second is dropped, and when it is gone it is
 * looked for again. Speed and mode are set by stty(1), so that no native call is needed.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { flushTerminal, terminalBytesWaiting } from '../../base/io/device-control.js'
import { runCommand } from '../../base/io/run-command.js'
import { SerialFrames } from '../wire/serial-frames.js'
import type { Link, LinkCounts, LinkFailure, LinkHandlers } from './link.js'
import type { SerialPlan } from './link-plan.js'

const STTY_MS = 5_000
/** What the last messages get at the end, looked at this often. */
const DRAIN_MS = 1_000
const DRAIN_LOOK_MS = 20
/** 64 KiB: more than any driver keeps. */
const OLD_READS_MAX = 16
/** A start bit, eight bits, a stop bit. */
const BITS_A_BYTE = 10
/** Several ordinary messages may wait on the slowest line. */
const WAITING_BYTES_MIN = 2_048

/**
 * Bytes as they are, no modem lines but the hardware's flow control: what heartbeat sets. No signal and no byte is made
 * of a break.
 */
const MODE = ['raw', '-echo', '-iexten', 'cs8', '-parenb', '-cstopb', 'cread', 'clocal', 'crtscts', 'ignbrk']

/** stty's words when the line took the mode but not, say, the speed, as the serial ports of virtual machines do. */
const TOOK_PART = /perform all requested operations/

export interface Patience {
  /** Between two attempts to open a terminal that went away. */
  readonly againMs: number
  /** A line that has taken nothing for so long is said to be dead; packets of a burst are dropped in silence. */
  readonly stuckMs: number
}

const PATIENCE: Patience = { againMs: 10_000, stuckMs: 2_000 }

interface OpenLine {
  readonly stream: ReadStream
  /** Ours besides the stream's own. */
  readonly fd: number
  /** Speed or flow control are not what ha.cf asks for. */
  readonly differs: boolean
}

export async function openSerial(
  plan: SerialPlan,
  handlers: LinkHandlers,
  patience = PATIENCE,
): Promise<Link | LinkFailure> {
  const line = await openLine(plan)
  return 'reason' in line ? line : new SerialLink(plan, handlers, line, patience)
}

async function openLine({ device, baud }: SerialPlan): Promise<OpenLine | LinkFailure> {
  const mode = await runCommand('stty', ['-F', device, String(baud), ...MODE], {
    timeoutMs: STTY_MS,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
  })
  const differs = mode.exitCode !== 0
  // heartbeat does not look at what a line made of its wishes either.
  if (differs && !TOOK_PART.test(mode.stderr)) {
    const why = mode.spawnError ?? (mode.timedOut ? 'no answer' : mode.stderr.trim())
    const reason = `cannot set tty attributes: ${device} at ${baud} baud: ${why}: correct the serial line in ha.cf`
    return { reason, code: mode.spawnError ?? 'ENOTTY' }
  }
  let fd: number
  try {
    fd = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return { reason: `cannot open ${device}: ${code}`, code }
  }
  dropOldInput(fd)
  try {
    return { stream: new ReadStream(fd, { readable: true, writable: true }), fd, differs }
  } catch (error) {
    closeSync(fd)
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return { reason: `cannot use ${device} as a serial line: ${code}`, code }
  }
}

/** What came before we listened is of an earlier life: acting upon it would confuse the peer. */
function dropOldInput(fd: number): void {
  const bytes = Buffer.alloc(4_096)
  try {
    for (let reads = 0; reads < OLD_READS_MAX && readSync(fd, bytes) > 0; reads++);
  } catch {
    // EAGAIN: there is no more. Whatever else is wrong shows when the line is used.
  }
}

class SerialLink implements Link {
  readonly kind = 'serial'
  readonly form = 'classic'
  readonly counts: LinkCounts = { sent: 0, dropped: 0, received: 0 }
  readonly #plan: SerialPlan
  readonly #handlers: LinkHandlers
  readonly #patience: Patience
  readonly #waitingBytesMax: number
  #line: OpenLine | null = null
  #frames = new SerialFrames()
  #waitingBytes = 0
  /** When the line last had nothing to do, or took something. */
  #tookAtMs = 0
  /** What is wrong with the line, as said last; '' when it works. */
  #trouble = ''
  #isClosed = false
  #again: NodeJS.Timeout | undefined

  constructor(plan: SerialPlan, handlers: LinkHandlers, line: OpenLine, patience: Patience) {
    this.#plan = plan
    this.#patience = patience
    this.#handlers = handlers
    this.#waitingBytesMax = Math.max(WAITING_BYTES_MIN, plan.baud / BITS_A_BYTE)
    this.#use(line)
  }

  get name(): string {
    return this.#plan.name
  }

  get remark(): string | null {
    if (this.#line?.differs !== true) return null
    return `${this.name} does not take ${this.#plan.baud} baud with flow control; it is used as it is`
  }

  send(bytes: Uint8Array): void {
    const line = this.#line
    // A message larger than the limit is let through when the line is free: it would never go otherwise.
    const isFull = this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > this.#waitingBytesMax
    if (!line || isFull) {
      this.counts.dropped++
      if (line && performance.now() - this.#tookAtMs > this.#patience.stuckMs) {
        this.#say(`TTY write timeout on [${this.name}] (no connection or bad cable?)`)
      }
      return
    }
    if (this.#waitingBytes === 0) this.#tookAtMs = performance.now()
    this.#waitingBytes += bytes.length
    line.stream.write(bytes, error => {
      if (line !== this.#line) return
      this.#waitingBytes -= bytes.length
      if (error) return // followed by 'close', which says it
      this.counts.sent++
      this.#tookAtMs = performance.now()
      this.#say('')
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#again)
    const line = this.#line
    this.#line = null
    if (!line) return
    const closed = new Promise<void>(resolve => line.stream.once('close', () => resolve()))
    if (!line.stream.destroyed) await this.#drain(line)
    line.stream.destroy()
    await closed
  }

  /** The system's close waits half a minute for a dead line: what it has not taken by now is given up. */
  async #drain({ stream, fd }: OpenLine): Promise<void> {
    const waits = (): boolean => stream.writableLength > 0 || terminalBytesWaiting(fd) > 0
    for (let waitedMs = 0; waitedMs < DRAIN_MS && waits(); waitedMs += DRAIN_LOOK_MS)
      await delay(DRAIN_LOOK_MS)
    if (waits()) flushTerminal(fd)
  }

  #use(line: OpenLine): void {
    const { stream, fd } = line
    this.#line = line
    this.#frames = new SerialFrames()
    this.#waitingBytes = 0
    // The stream opens the terminal anew where it can; where it cannot, it has taken our descriptor over.
    const taken = (stream as unknown as { _handle?: { fd?: number } })._handle?.fd
    let fault = 'it was closed'
    stream.on('data', (bytes: Buffer) => this.#heard(bytes))
    stream.on('error', (error: NodeJS.ErrnoException) => {
      fault = error.code ?? error.message
    })
    stream.on('end', () => stream.destroy())
    stream.on('close', () => {
      if (taken !== fd) closeSync(fd)
      if (this.#line === line) this.#lost(fault)
    })
  }

  #heard(bytes: Buffer): void {
    for (const frame of this.#frames.push(bytes)) {
      if (this.#isClosed) return
      this.counts.received++
      this.#handlers.onPacket(frame, { link: this.name, address: this.#plan.device, port: 0 })
    }
  }

  #lost(fault: string): void {
    this.#line = null
    if (this.#isClosed) return
    this.#say(
      `TTY write failure on [${this.name}]: ${fault}; it is tried again every ${this.#patience.againMs / 1000} s`,
    )
    this.#lookLater()
  }

  #lookLater(): void {
    this.#again = setTimeout(async () => {
      const line = await openLine(this.#plan)
      if (this.#isClosed) {
        if (!('reason' in line)) discard(line)
      } else if ('reason' in line) this.#lookLater()
      else this.#use(line)
    }, this.#patience.againMs)
    this.#again.unref()
  }

  #say(trouble: string): void {
    if (trouble === this.#trouble || this.#isClosed) return
    this.#trouble = trouble
    this.#handlers.onTrouble(trouble === '' ? `serial line ${this.name} works again` : trouble, this.name)
  }
}

function discard({ stream, fd }: OpenLine): void {
  const taken = (stream as unknown as { _handle?: { fd?: number } })._handle?.fd
  stream.destroy()
  if (taken !== fd) closeSync(fd)
}

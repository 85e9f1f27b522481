/**
 * The FIFO: messages of scripts and of the administrator. It is opened for reading and writing, so that it does not
 * end when a writer closes, and only the daemon's own user may write to it.
 */
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { Paced } from '../../base/io/paced.js'
import { nowMs } from '../../base/io/real-clock.js'
import { runCommand } from '../../base/io/run-command.js'
import { Rarely, withTimes } from '../../base/rarely.js'
import { TokenBucket } from '../../base/token-bucket.js'
import { isRefusal, type Message, type Refusal } from '../wire/message.js'
import { MessageStream } from '../wire/message-stream.js'

/** Whoever writes faster has to wait, as at a pipe whose reader is slow; a link lets 64 packets wait. */
const MESSAGES = { burst: 32, perSecond: 100 } as const

export interface Fifo {
  close(): void
}

export interface FifoHandlers {
  readonly onMessage: (message: Message) => void
  /** A message that could not be read; one sentence. */
  readonly onRefused: (reason: string) => void
}

/** True when it was there already. Throws or rejects with the reason when it cannot be made. */
async function make(path: string): Promise<boolean> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isFIFO()) {
    chmodSync(path, 0o600)
    return true
  }
  if (stat) rmSync(path)
  const made = await runCommand('mkfifo', ['-m', '600', path], { timeoutMs: 5_000 })
  if (made.exitCode !== 0) throw new Error(made.stderr.trim() || `mkfifo: ${made.spawnError ?? 'failed'}`)
  return false
}

/** Makes the FIFO if need be and begins to read it. Rejects with the reason when that is impossible. */
export async function openFifo(path: string, handlers: FifoHandlers): Promise<Fifo & { wasThere: boolean }> {
  const wasThere = await make(path)
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd)
    throw new Error(`${path} is not a FIFO`)
  }
  const stream = new MessageStream()
  const refusals = new Rarely()
  const refuse = (reason: string): void => {
    const said = refusals.note(reason, nowMs())
    if (said !== null) handlers.onRefused(withTimes(reason, said))
  }
  const messages = new TokenBucket(MESSAGES.burst, MESSAGES.perSecond, nowMs())
  const socket = new Socket({ fd, readable: true, writable: false })
  const paced = new Paced<Message | Refusal>(socket, message => {
    if (isRefusal(message)) refuse(message.reason)
    else handlers.onMessage(message)
    return messages.take(1, nowMs())
  })
  socket.on('data', chunk => paced.push(stream.push(chunk)))
  socket.on('error', error => refuse(`reading ${path}: ${error.message}`))
  const close = (): void => {
    paced.close()
    socket.destroy()
  }
  return { wasThere, close }
}

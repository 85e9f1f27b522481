/** What is done over one connection of ssh2, each within its time; the loss of the connection is an answer of its own. */
import type { Client, ClientChannel } from 'ssh2'
import { OUTPUT_BYTES_MAX, resultOf, type ScriptResult } from './shell.js'

/** The connection went away in the middle. */
export class Lost {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

export function execute(
  client: Client,
  command: string,
  input: string,
  timeoutMs: number,
): Promise<ScriptResult | Lost> {
  return new Promise(resolve => {
    const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const kept = { stdout: 0, stderr: 0 }
    let status: number | null = null
    let signal: string | null = null
    let ended = false
    const settle = (result: ScriptResult | Lost): void => {
      clearTimeout(deadline)
      client.off('close', lost)
      resolve(result)
    }
    const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(pieces[name]).toString('utf8')
    const finish = (otherwise: string): void =>
      settle(resultOf(status, text('stdout'), text('stderr'), signal ? `ended by ${signal}` : otherwise))
    const lost = (): void => settle(new Lost('the connection was lost'))
    // The close of a channel is not certain to come: a deadline of our own ends the waiting.
    const deadline = setTimeout(() => {
      channel?.destroy()
      finish(`took longer than ${timeoutMs / 1000} s`)
    }, timeoutMs)
    let channel: ClientChannel | null = null
    client.once('close', lost)
    const keep = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
      const room = OUTPUT_BYTES_MAX - kept[name]
      if (room > 0) pieces[name].push(chunk.subarray(0, room))
      kept[name] += Math.min(Math.max(room, 0), chunk.length)
    }
    try {
      client.exec(command, (error, opened) => {
        if (error) return settle(new Lost(error.message))
        channel = opened
        opened.on('data', keep('stdout'))
        opened.stderr.on('data', keep('stderr'))
        opened.on('exit', (code: number | null, name?: string) => {
          ended = true
          status = code
          signal = name ?? null
        })
        opened.on('error', () => {}) // told by close
        opened.once('close', () => (ended ? finish(`status ${status}`) : lost()))
        opened.end(input)
      })
    } catch (error) {
      settle(new Lost((error as Error).message)) // "Not connected"
    }
  })
}

export function upload(
  client: Client,
  from: string,
  to: string,
  timeoutMs: number,
): Promise<string | null | Lost> {
  return new Promise(resolve => {
    const settle = (result: string | null | Lost): void => {
      clearTimeout(deadline)
      client.off('close', lost)
      resolve(result)
    }
    const lost = (): void => settle(new Lost('the connection was lost during the upload'))
    const deadline = setTimeout(() => settle(`the upload took longer than ${timeoutMs / 1000} s`), timeoutMs)
    client.once('close', lost)
    try {
      client.sftp((error, sftp) => {
        if (error) return settle(new Lost(error.message))
        sftp.fastPut(from, to, failure => {
          sftp.end()
          settle(failure ? `cannot write ${to}: ${failure.message}` : null)
        })
      })
    } catch (error) {
      settle(new Lost((error as Error).message))
    }
  })
}

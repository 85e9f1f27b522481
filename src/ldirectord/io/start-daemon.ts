/** Starts ldirectord in the background and waits until it has said what came of it. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** What the daemon says over descriptor 3, as one line of JSON. */
export type StartReport =
  | { readonly kind: 'running' }
  /** The file says supervised=yes: the command itself must be the daemon. */
  | { readonly kind: 'foreground' }
  /** A warm standby came up at the same moment: it shall have the table. */
  | { readonly kind: 'standby' }
  | { readonly kind: 'ended'; readonly status: number; readonly stderr: readonly string[] }

const START_MS_MAX = 120_000
/** A daemon that ends has written its report before; the pipe may be read a moment later. */
const LAST_WORDS_MS = 200

export function startDaemon(
  program: string,
  args: readonly string[],
  invokedAs: string,
): Promise<StartReport> {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, LDIRECTORD_INVOKED_AS: invokedAs },
  })
  const answer = child.stdio[3] as Readable
  return new Promise(resolve => {
    const settle = (report: StartReport): void => {
      clearTimeout(late)
      child.removeAllListeners('exit')
      child.unref()
      answer.destroy()
      resolve(report)
    }
    const failed = (text: string): void => settle({ kind: 'ended', status: 1, stderr: [text] })
    const late = setTimeout(() => {
      child.kill('SIGTERM')
      failed(`ldirectord did not start within ${START_MS_MAX / 1000} s`)
    }, START_MS_MAX)
    createInterface({ input: answer }).once('line', line => settle(JSON.parse(line) as StartReport))
    child.on('error', error => failed(`ldirectord cannot be started: ${error.message}`))
    child.on('exit', (code, signal) =>
      setTimeout(() => failed(`ldirectord ended at once (${signal ?? code})`), LAST_WORDS_MS),
    )
  })
}

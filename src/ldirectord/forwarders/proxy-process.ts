/**
 * Finds the running proxy process of an instance, or starts one that stands alone from then on. A running one of another
 * build is asked to hand over to ours first.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Log } from '../../log/record.js'
import { proxyPlace } from '../proxy/core/place.js'
import { type ControlClient, connectControl } from './proxy-control.js'
import { renewProxy } from './proxy-upgrade.js'

export interface ProxyOptions {
  /** The name of the ldirectord instance: each has a proxy of its own. */
  readonly instance: string
  /** Folder of the control socket and the pid file. */
  readonly varRun: string
  readonly log: Log
  /** Threads that forward TCP; null or none: the process's own choice. */
  readonly workers?: number | null
  /** The program of the process; the bundle beside the running one unless a test says otherwise. */
  readonly program?: string
}

const START_MS_MAX = 10_000
const START_LOOK_MS = 20
const STDERR_BYTES_MAX = 4_096
/** sun_path of unix(7), and what the process puts behind the name while it starts. */
const SOCKET_PATH_BYTES_MAX = 107
const PID_BYTES_MAX = 8

/** Rejects with a sentence when there is no proxy and none can be started. */
export async function joinOrStartProxy(options: ProxyOptions): Promise<ControlClient> {
  const { socketPath, pidPath } = proxyPlace(options.varRun, options.instance)
  if (Buffer.byteLength(socketPath) + PID_BYTES_MAX > SOCKET_PATH_BYTES_MAX) {
    const limit = `is longer than ${SOCKET_PATH_BYTES_MAX} bytes: choose a shorter folder`
    throw new Error(`the name of the proxy's socket, ${socketPath}, ${limit}`)
  }
  const program = options.program ?? join(dirname(fileURLToPath(import.meta.url)), 'ldirectord-proxy.cjs')
  const running = await connectControl(socketPath, options.log)
  const client = running && (await renewProxy(running, { ...options, program, socketPath, pidPath }))
  return client ?? startProxy(options, program, socketPath)
}

async function startProxy(
  options: ProxyOptions,
  program: string,
  socketPath: string,
): Promise<ControlClient> {
  const { instance, varRun, log } = options
  const child = spawn(process.execPath, [program, instance, varRun], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
  })
  const ending: { sentence: string | null } = { sentence: null }
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('utf8')
  })
  child.once('error', error => {
    ending.sentence = `the proxy process cannot be started: ${error.message}`
  })
  child.once('close', (code, signal) => {
    ending.sentence = `the proxy process ended (${code ?? signal})${reasonIn(stderr)}`
  })
  try {
    for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += START_LOOK_MS) {
      const client = await connectControl(socketPath, log)
      if (client) return client
      if (ending.sentence !== null) throw new Error(ending.sentence)
      await wait(START_LOOK_MS)
    }
    child.kill('SIGTERM')
    throw new Error(`the proxy process did not open ${socketPath} within ${START_MS_MAX / 1000} s`)
  } finally {
    // From here on the process stands alone: it must not keep this one alive.
    child.stderr.destroy()
    child.unref()
  }
}

/** The line of a program's last words that says what happened: its own, or node's `Error: ...`. */
function reasonIn(stderr: string): string {
  const words = stderr.split('\n').find(line => /^ldirectord-proxy: |^\w*Error: /.test(line))
  return words ? `: ${words.replace(/^ldirectord-proxy: /, '')}` : ''
}

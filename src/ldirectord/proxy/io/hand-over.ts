/**
 * The old process's part of an upgrade: it starts the new program as its child, because what is listened on can be
 * given to a child without any call that Node lacks, and both listen until the new one says that it is there. So there
 * is no moment at which nobody does; and if the new one fails, nothing has changed.
 */
import { type ChildProcess, type SendHandle, spawn } from 'node:child_process'
import type { ProxyPlace } from '../core/place.js'
import { type Estate, GENERATIONS_MAX } from '../core/succession.js'
import type { ControlServer } from './control-server.js'
import type { DataPlane } from './data-plane.js'

/** The third argument of a program that is to take over. */
export const SUCCESSOR = 'successor'
const TAKEOVER_MS_MAX = 8_000
const STDERR_BYTES_MAX = 4_096
const CHILD_STDIO = ['ignore', 'ignore', 'pipe', 'ipc'] as const

/** What goes to the child, in this order; sockets one each. */
export type Bequest =
  | { readonly kind: 'estate'; readonly estate: Estate }
  | { readonly kind: 'socket'; readonly service: string }
  /** A listening socket that the child was born with, under this number. */
  | { readonly kind: 'descriptor'; readonly service: string; readonly fd: number }
  | { readonly kind: 'complete' }

/** The child's only word. */
export interface TakenOver {
  readonly kind: 'taken over'
}

export interface HandOver {
  readonly place: ProxyPlace
  readonly plane: DataPlane
  readonly control: ControlServer
  readonly node: string
  readonly program: string
}

/** Resolves with the pid of the new process; rejects with a sentence, and this one goes on as before. */
export async function handOver({ place, plane, control, node, program }: HandOver): Promise<number> {
  if (plane.predecessors.count >= GENERATIONS_MAX) {
    throw new Error(`${GENERATIONS_MAX} processes from before earlier upgrades still serve connections`)
  }
  control.keepName()
  const descriptors = plane.descriptors()
  const child = spawn(node, [program, place.instance, place.varRun, SUCCESSOR], {
    detached: true,
    stdio: [...CHILD_STDIO, ...descriptors.map(([, fd]) => fd)],
    cwd: '/',
  })
  try {
    await Promise.all([takenOver(child), bequeath(child, plane, descriptors)])
    control.releaseName('taken over')
    return child.pid ?? 0
  } catch (error) {
    child.kill('SIGKILL')
    control.releaseName('failed')
    throw error
  } finally {
    // From here on it stands alone.
    child.stderr?.destroy()
    if (child.connected) child.disconnect()
    child.unref()
  }
}

function takenOver(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('utf8')
    })
    const deadline = setTimeout(
      () => reject(new Error(`the new program did not take over within ${TAKEOVER_MS_MAX / 1000} s`)),
      TAKEOVER_MS_MAX,
    )
    child.once('error', error => {
      clearTimeout(deadline)
      reject(new Error(`the new program cannot be started: ${error.message}`))
    })
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      const words = stderr.split('\n').find(line => /^ldirectord-proxy: |^\w*Error: /.test(line))
      reject(new Error(`the new program ended (${code ?? signal})${words ? `: ${words}` : ''}`))
    })
    child.once('message', (message: Partial<TakenOver>) => {
      if (message.kind !== 'taken over') return
      clearTimeout(deadline)
      resolve()
    })
  })
}

async function bequeath(
  child: ChildProcess,
  plane: DataPlane,
  descriptors: readonly [string, number][],
): Promise<void> {
  const give = (bequest: Bequest, socket?: SendHandle): Promise<void> =>
    new Promise((resolve, reject) => {
      // A child that is gone is told of by takenOver.
      child.send(bequest, socket, {}, error => (error ? reject(error) : resolve()))
    })
  await give({ kind: 'estate', estate: plane.estate() })
  for (const [service, socket] of plane.handles()) await give({ kind: 'socket', service }, socket)
  for (const [at, [service]] of descriptors.entries()) {
    await give({ kind: 'descriptor', service, fd: CHILD_STDIO.length + at })
  }
  await give({ kind: 'complete' })
}

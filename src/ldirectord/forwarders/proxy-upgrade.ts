/**
 * A proxy process that runs another build than ours is replaced: it starts our program and gives it what it listens on,
 * while it serves its open connections to their end. One that cannot do so goes on as it is, unless we do not understand
 * each other: then it has to end, and its connections with it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { commandLine, isAlive, readPidFile } from '../../base/io/processes.js'
import type { Log } from '../../log/record.js'
import { programIdentity } from '../proxy/io/program-identity.js'
import { type ControlClient, connectControl } from './proxy-control.js'

export interface Upgrade {
  readonly program: string
  readonly socketPath: string
  readonly pidPath: string
  readonly log: Log
}

const END_MS_MAX = 5_000
const END_LOOK_MS = 20
const never = new AbortController().signal

/** The connection to use from now on; null when there is no proxy any more. */
export async function renewProxy(running: ControlClient, upgrade: Upgrade): Promise<ControlClient | null> {
  const ours = programIdentity(process.version, upgrade.program)
  const theirs = await identityOf(running)
  if (running.isLost) return null // a process that is being killed still takes connections for a moment
  if (ours === '' || theirs?.program === ours) return running
  const { log, program, socketPath } = upgrade
  const which = theirs ? `process ${theirs.pid}` : 'process'
  try {
    const answer = await running.ask({ op: 'handOver', node: process.execPath, program }, never)
    if (!('successor' in answer)) throw new Error('it answered something else')
    await running.close()
    log(
      'info',
      `proxy: the ${which} was of another version; ${answer.successor} has taken over, and it serves its open connections to their end`,
    )
    return connectControl(socketPath, log)
  } catch (error) {
    const reason = (error as Error).message
    if (await understandsUs(running)) {
      log('WARN', `proxy: the ${which} of another version goes on, it could not hand over: ${reason}`)
      return running
    }
    log(
      'WARN',
      `proxy: the ${which} of another version cannot hand over (${reason}); it ends with its connections`,
    )
    await running.close()
    await end(theirs?.pid ?? readPidFile(upgrade.pidPath) ?? 0, socketPath)
    return null
  }
}

async function identityOf(client: ControlClient): Promise<{ program: string; pid: number } | null> {
  try {
    const answer = await client.ask({ op: 'hello' }, never)
    return 'program' in answer ? answer : null
  } catch {
    return null // a version from before there was this question
  }
}

async function understandsUs(client: ControlClient): Promise<boolean> {
  try {
    return 'table' in (await client.ask({ op: 'read' }, never))
  } catch {
    return false // refused, or gone meanwhile
  }
}

async function end(pid: number, socketPath: string): Promise<void> {
  if (!commandLine(pid).includes('ldirectord-proxy'))
    throw new Error(`end the process of ${socketPath} by hand`)
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; isAlive(pid); waitedMs += END_LOOK_MS) {
    if (waitedMs >= END_MS_MAX) throw new Error(`the proxy process ${pid} of another version does not end`)
    await wait(END_LOOK_MS)
  }
}

/**
 * How a warm standby begins. heartbeat's respawn starts it and gives up what ends too often, so it waits where an
 * ordinary start would refuse: for a file that can be used, and, while an ordinary ldirectord of this instance has the
 * table, for its end. One that ends without leaving the table is replaced at once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Role } from '../core/status.js'
import { announceStandby, inheritsTable, lookForStandby, withdraw } from './duty.js'
import { findInstance, type Instance, lookForDaemon } from './instance.js'
import { type Loaded, loadConfig } from './load-config.js'
import { LogOutput } from './log-output.js'
import type { StartReport } from './start-daemon.js'

type GoodConfig = Extract<Loaded, { kind: 'loaded' }>

/** What stands before the life of a process. */
export type Prepared =
  | Exclude<StartReport, { readonly kind: 'running' | 'standby' }>
  | {
      readonly kind: 'ready'
      readonly instance: Instance
      readonly loaded: GoodConfig
      readonly role: Role
    }

const POLL_MS = 100
const FILE_POLL_MS = 2_000

/** @param stopped the signal that ends the process */
export async function prepareStandby(config: string | null, stopped: Promise<unknown>): Promise<Prepared> {
  const instance = findInstance(config, process.env)
  const already = alreadyStandby(instance)
  if (already !== null) return already
  let isStopped = false
  void stopped.then(() => {
    isStopped = true
  })
  const output = new LogOutput('configured', instance, { logfile: instance.defaultLog })
  try {
    const role = await beStandby(instance, output, () => isStopped)
    if (role === null) return alreadyStandby(instance) ?? ended(0, [])
    for (let told = ''; !isStopped; ) {
      const found = await usableFile(config)
      if (typeof found !== 'string') return { kind: 'ready', ...found, role }
      if (found !== told) {
        process.stderr.write(`${found}\n`)
        for (const line of found.split('\n')) output.log('ERROR', line)
        output.log('info', 'Warm standby waits for a file that it can use')
      }
      told = found
      await Promise.race([stopped, pause(FILE_POLL_MS)])
    }
    return ended(0, [])
  } finally {
    await output.close()
  }
}

const ended = (status: number, stderr: readonly string[]): Prepared => ({ kind: 'ended', status, stderr })

/**
 * Becomes the standby, or null. An ordinary start may come at the same moment: each says what it is before it looks
 * for the other, so at least one of the two sees it and gives way.
 */
async function beStandby(
  instance: Instance,
  output: LogOutput,
  isStopped: () => boolean,
): Promise<Role | null> {
  while (!isStopped()) {
    const role = await tableFree(instance, output, isStopped)
    if (lookForStandby(instance) !== null) return null
    const failure = announceStandby(instance, role)
    if (failure !== null) output.log('ERROR', failure)
    if (role === 'active' || lookForDaemon(instance.pidFile).state !== 'running') return role
    withdraw(instance.warmFile)
  }
  return null
}

function alreadyStandby(instance: Instance): Prepared | null {
  const other = lookForStandby(instance)
  if (other === null) return null
  return ended(1, [`ldirectord is warm standby for ${instance.given} already, with pid: ${other.pid}`])
}

/** Waits while an ordinary ldirectord has the table; what we are after it. */
async function tableFree(instance: Instance, { log }: LogOutput, isStopped: () => boolean): Promise<Role> {
  if (inheritsTable(instance)) return 'active'
  let daemon = lookForDaemon(instance.pidFile)
  if (daemon.state !== 'running') return 'warm'
  log('info', `Warm standby waits: ldirectord runs already with pid: ${daemon.pid}`)
  while (daemon.state === 'running' && !isStopped()) {
    await pause(POLL_MS)
    daemon = lookForDaemon(instance.pidFile)
  }
  if (daemon.state !== 'stale') return 'warm'
  log('WARN', 'ldirectord has ended without leaving the table: its warm standby takes it over')
  return 'active'
}

/** The file and what is in it, or why it cannot be used. */
async function usableFile(config: string | null) {
  const instance = findInstance(config, process.env)
  if (instance.file === null) return `Config file ${instance.given} not found`
  const loaded = await loadConfig(instance.file, instance)
  return loaded.kind === 'loaded' ? { instance, loaded } : [...loaded.errors, ...loaded.explained].join('\n')
}

/**
 * Only one resource runner works on a node at a time. One whose daemon was killed may still be giving up its groups
 * when the next daemon starts; the new runner waits for it, within a limit. It also waits for the scripts that a
 * killed runner has left at work, so that nothing is started twice at once: they stand in a file beside the pid file.
 *
 *     heartbeat-runner.pid     pid
 *     heartbeat-runner.calls   a line for each script: pid, blank, its start in clock ticks since boot
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine, isAlive, readPidFile, startTicks } from '../../base/io/processes.js'
import { signalGroup } from './children.js'

export const RUNNER_TITLE = 'heartbeat: resource runner'

const WAIT_MS_MAX = 120_000
const LOOK_EVERY_MS = 50

/**
 * Waits, then makes this process the runner of the node. `say` hears what there is to say about it. A script that does
 * not end is killed: whatever it did half, it must not go on beside its successor.
 */
export async function succeed(
  pidFile: string,
  ownPid: number,
  say: (text: string) => void,
  waitMs: number = WAIT_MS_MAX,
): Promise<void> {
  const before = readPidFile(pidFile)
  const runnerWorks = (): boolean =>
    before !== null && before !== ownPid && isAlive(before) && commandLine(before).includes(RUNNER_TITLE)
  const left = callsIn(callsFile(pidFile))
  const calls = (): Call[] => left.filter(({ pid, ticks }) => startTicks(pid) === ticks)
  const nameOf = ({ pid }: Call): string =>
    `process ${pid} (${commandLine(pid)}) of an earlier resource runner`
  for (const call of calls()) say(`${nameOf(call)} still works; waiting for its end`)
  for (
    let waitedMs = 0;
    (runnerWorks() || calls().length > 0) && waitedMs < waitMs;
    waitedMs += LOOK_EVERY_MS
  )
    await sleep(LOOK_EVERY_MS)
  if (runnerWorks())
    say(`resource runner ${before} of an earlier daemon does not end; not waiting any longer`)
  for (const call of calls()) {
    say(`${nameOf(call)} does not end; it is killed`)
    signalGroup(call.pid, 'SIGKILL')
  }
  try {
    writeFileSync(pidFile, `${ownPid}\n`, { mode: 0o644 })
  } catch (error) {
    say(`cannot write ${pidFile}: ${(error as Error).message}`)
  }
}

interface Call {
  readonly pid: number
  readonly ticks: number
}

export const callsFile = (pidFile: string): string => pidFile.replace(/\.pid$/, '.calls')

/** Keeps the file of the calls under way; one that cannot be written is a file less, not a failure. */
export function callKeeper(path: string): (pid: number) => () => void {
  const running = new Map<number, Call>()
  const keep = (): void => {
    try {
      writeFileSync(path, [...running.values()].map(({ pid, ticks }) => `${pid} ${ticks}\n`).join(''))
    } catch {
      // A full or read-only file system: then a killed runner leaves no trace, as before there was this file.
    }
  }
  return pid => {
    const ticks = startTicks(pid)
    if (ticks === null) return () => {}
    running.set(pid, { pid, ticks })
    keep()
    return () => {
      running.delete(pid)
      keep()
    }
  }
}

function callsIn(path: string): Call[] {
  try {
    const lines = readFileSync(path, 'latin1')
      .slice(0, 4_096)
      .matchAll(/^(\d{1,10}) (\d{1,20})$/gm)
    return [...lines].map(([, pid, ticks]) => ({ pid: Number(pid), ticks: Number(ticks) }))
  } catch {
    return [] // no runner before this one
  }
}

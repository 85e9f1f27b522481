/**
 * Only one resource runner works on a node at a time. One whose daemon was killed may still be giving up its groups
 * when the next daemon starts; the new runner waits for it, within a limit.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine, isAlive, readPidFile } from '../../base/io/processes.js'

export const RUNNER_TITLE = 'heartbeat: resource runner'

const WAIT_MS_MAX = 120_000
const LOOK_EVERY_MS = 50

/** Waits, then makes this process the runner of the node. The answer is what to say about it, if anything. */
export async function succeed(pidFile: string, ownPid: number): Promise<string | null> {
  const before = readPidFile(pidFile)
  const isWorking = (): boolean =>
    before !== null && before !== ownPid && isAlive(before) && commandLine(before).includes(RUNNER_TITLE)
  for (let waitedMs = 0; isWorking() && waitedMs < WAIT_MS_MAX; waitedMs += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS)
  }
  const stillWorks = isWorking()
  try {
    writeFileSync(pidFile, `${ownPid}\n`, { mode: 0o644 })
  } catch (error) {
    return `cannot write ${pidFile}: ${(error as Error).message}`
  }
  return stillWorks
    ? `resource runner ${before} of an earlier daemon does not end; not waiting any longer`
    : null
}

/**
 * One life of the heartbeat daemon from outside: is one running, are the files good, then the life itself, and what the
 * command that started it is told.
 */

import { haLogLine } from '../log/formats.js'
import type { Level } from '../log/record.js'
import { EXIT, isRefused, loadConfiguration } from './io/configuration.js'
import { nodeName } from './io/node-name.js'
import { whoRuns } from './io/pid-file.js'
import { StartFailure } from './io/start-failure.js'
import { Life, type RunOptions } from './life.js'

export type { RunOptions, StartReport } from './life.js'

/** Resolves with the exit code when the daemon has ended. */
export async function runHeartbeat(options: RunOptions): Promise<number> {
  const { haDir, varRun } = options.paths
  const us = nodeName(haDir)
  const lines: string[] = []
  const line = (level: Level, text: string): void => {
    lines.push(haLogLine({ atMs: Date.now(), level, text }, us, process.pid).trimEnd())
  }
  const refuse = (exitCode: number): number => {
    options.report({ kind: 'refused', exitCode, lines })
    return exitCode
  }
  const running = whoRuns(varRun)
  if (running.state === 'running') {
    line('info', `heartbeat: already running [pid ${running.pid}].`)
    return refuse(EXIT.ok)
  }
  const { managesResources } = options
  const configuration = await loadConfiguration({ haDir, us, managesResources })
  if (isRefused(configuration)) {
    lines.push(...configuration.reports)
    for (const text of configuration.original) line('ERROR', text)
    return refuse(configuration.exitCode)
  }
  const life = new Life(options, configuration)
  try {
    return await life.live()
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    for (const text of [...error.reports, 'Heartbeat not started.']) {
      line('ERROR', text)
      life.complain(text)
    }
    return refuse(error.exitCode)
  } finally {
    await life.close()
  }
}

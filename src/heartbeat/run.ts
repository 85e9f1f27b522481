/**
 * The lives of the heartbeat daemon from outside: is one running, are the files good, then one life after the other
 * (a restart keeps the process and the resources), and what the command that started it is told.
 */

import { haLogLine } from '../log/formats.js'
import type { Level } from '../log/record.js'
import { type Configuration, EXIT, isRefused, loadConfiguration } from './io/configuration.js'
import { nodeName } from './io/node-name.js'
import { whoRuns } from './io/pid-file.js'
import { StartFailure } from './io/start-failure.js'
import { type Inheritance, Life, type LifeEnd, type RunOptions } from './life.js'

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
  return liveOn(options, configuration, refuse, line)
}

/** One life after the other, as long as each hands its resources to the next. */
async function liveOn(
  options: RunOptions,
  first: Configuration,
  refuse: (exitCode: number) => number,
  line: (level: Level, text: string) => void,
): Promise<number> {
  const { paths, managesResources } = options
  const { us } = first
  let configuration = first
  let proven: Configuration | null = null
  let inheritance: Inheritance | null = null
  for (;;) {
    const life: Life = new Life(options, configuration, inheritance)
    let end: LifeEnd | StartFailure
    try {
      end = await life.live()
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error
      end = error
      for (const text of error.reports) life.complain(text)
      if (proven === null) life.complain('Heartbeat not started.')
    } finally {
      await life.close()
    }
    if (typeof end === 'number') return end
    if (end instanceof StartFailure) {
      if (proven === null) {
        for (const text of [...end.reports, 'Heartbeat not started.']) line('ERROR', text)
        return refuse(end.exitCode)
      }
      // What is held must not be left alone: the files of before have worked.
      configuration = proven
      proven = null
      continue
    }
    inheritance = end
    proven = configuration
    const loaded = await loadConfiguration({ haDir: paths.haDir, us, managesResources })
    if (!isRefused(loaded)) configuration = loaded
  }
}

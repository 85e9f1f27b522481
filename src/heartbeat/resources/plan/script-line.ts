/** Lines of the runner as they stand in ha-log: those of the daemon's child, and those of scripts and agents. */
import { haLogLine, scriptTime } from '../../../log/formats.js'
import { isLevel, oneLine } from '../../../log/record.js'
import type { RunnerLine } from './protocol.js'

export function runnerLogLine(line: RunnerLine, node: string): string {
  const { atMs, program, pid, level, text } = line
  if (program === 'heartbeat' && isLevel(level)) return haLogLine({ atMs, level, text }, node, pid)
  return `${scriptTime(atMs)}  ${oneLine(program)}[${pid}]:    ${level}: ${oneLine(text)}\n`
}

/** ldirectord in the foreground, loaded by the command itself: for -d and supervised=yes. */
import type { StartReport } from '../../ldirectord/io/start-daemon.js'
import { type RunOptions, runLdirectord } from '../../ldirectord/run.js'

export async function runForeground(options: Omit<RunOptions, 'report'>): Promise<number> {
  const report = (report: StartReport): void => {
    if (report.kind === 'ended') for (const line of report.stderr) process.stderr.write(`${line}\n`)
  }
  return runLdirectord({ ...options, report })
}

/**
 * The heartbeat daemon as a process. Its arguments are the command's own; started in the background, what comes of the
 * start goes back over descriptor 3 as one line of JSON. The command `heartbeat -f` loads this file instead.
 */
import { writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepCompiled } from '../../base/io/keep-compiled.js'
import { pathsFrom } from '../../base/paths.js'
import { runHeartbeat, type StartReport } from '../../heartbeat/run.js'
import { parseFlags } from '../commands/heartbeat-flags.js'

const REPORT_FD = 3

const flags = parseFlags(process.argv.slice(2))
const isForeground = flags.letters.has('f')
// Scripts look for this text; the title replaces the whole command line.
process.title = 'heartbeat: master control process'
keepCompiled()

function report(start: StartReport): void {
  if (isForeground) {
    if (start.lines.length > 0) process.stderr.write(`${start.lines.join('\n')}\n`)
    return
  }
  try {
    writeSync(REPORT_FD, `${JSON.stringify(start)}\n`)
  } catch {
    // Nobody waits for the answer.
  }
}

void runHeartbeat({
  paths: pathsFrom(process.env),
  env: process.env,
  isForeground,
  managesResources: !flags.letters.has('M'),
  allowsRealtime: !flags.letters.has('l'),
  debug: flags.count('d'),
  runnerFile: join(dirname(fileURLToPath(import.meta.url)), 'heartbeat-runner.cjs'),
  report,
}).then(code => process.exit(code))

/**
 * The resource runner as a process: a child of the heartbeat daemon, spoken to over its channel. What it does is in
 * heartbeat/resources/runner.ts; this connects it to the channel and to the file that is left when the daemon is gone.
 */
import { appendFileSync, rmSync } from 'node:fs'
import { keepCompiled } from '../../base/io/keep-compiled.js'
import { readPidFile } from '../../base/io/processes.js'
import { scheduleAhead } from '../../base/io/scheduling.js'
import type { Begin, FromRunner, RunnerLine, ToRunner } from '../../heartbeat/resources/plan/protocol.js'
import { runnerLogLine } from '../../heartbeat/resources/plan/script-line.js'
import { callKeeper, callsFile, RUNNER_TITLE, succeed } from '../../heartbeat/resources/predecessor.js'
import { reboot } from '../../heartbeat/resources/reboot.js'
import { Runner } from '../../heartbeat/resources/runner.js'
import { warmUp } from '../../heartbeat/resources/warm-up.js'

process.title = RUNNER_TITLE
keepCompiled()
// The daemon decides when this process ends: by a goodbye, or by vanishing.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

/** Lines that may wait for a busy daemon. */
const LINES_MAX = 2_000
/** Scripts that may wait while an earlier runner is still at work; there is never more than one job. */
const EARLY_MAX = 256
const LOG_MODE = 0o640

let begin: Begin | null = null
let runner: Runner | null = null
/** Those of this turn, sent together when it ends: a start is not held up by what it says. */
let lines: RunnerLine[] = []
let linesInChannel = 0
let dropped = 0
const early: Exclude<ToRunner, { kind: 'begin' }>[] = []

function send(message: FromRunner): void {
  sendLines()
  if (process.connected) process.send?.(message, () => {})
}

function say(line: RunnerLine): void {
  if (lines.length === 0) setImmediate(sendLines)
  if (lines.length + linesInChannel < LINES_MAX) lines.push(line)
  else dropped++
}

function sendLines(): void {
  if (lines.length === 0) return
  const message: FromRunner = { kind: 'lines', lines }
  const { length } = lines
  lines = []
  if (!process.connected || !process.send) {
    sayAlone(message.lines)
    return
  }
  linesInChannel += length
  process.send(message, () => {
    linesInChannel -= length
  })
}

/** At once: a line that is still being written when this process ends is lost. */
function sayAlone(unsent: readonly RunnerLine[]): void {
  if (begin?.logfile == null) return
  const { logfile, us } = begin
  try {
    appendFileSync(logfile, unsent.map(line => runnerLogLine(line, us)).join(''), { mode: LOG_MODE })
  } catch {
    // Nobody is left to be told.
  }
}

const sayError = (text: string): void =>
  say({ atMs: Date.now(), program: 'heartbeat', pid: process.pid, level: 'WARN', text })

function end(): void {
  sendLines()
  if (begin && readPidFile(pidFileOf(begin)) === process.pid) {
    for (const path of [pidFileOf(begin), callsFile(pidFileOf(begin))]) rmSync(path, { force: true })
  }
  process.exit(0)
}

const pidFileOf = ({ paths }: Begin): string => `${paths.varRun}/heartbeat-runner.pid`

async function start(message: Begin): Promise<void> {
  begin = message
  // What keeps it from that the daemon has said of itself.
  if (message.isAhead) scheduleAhead()
  const pidFile = pidFileOf(message)
  await succeed(pidFile, process.pid, sayError)
  runner = new Runner(message, {
    send,
    say,
    wallMs: () => Date.now(),
    exit: end,
    reboot: delayMs => reboot(delayMs, process.env.HA_REBOOT),
    whileRunning: callKeeper(callsFile(pidFile)),
  })
  send({ kind: 'ready' })
  void warmUp(message.paths, message.env)
  for (const waited of early.splice(0)) runner.receive(waited)
  if (!process.connected) void runner.orphan()
}

process.on('message', (message: ToRunner) => {
  if (message.kind === 'begin') void start(message)
  else if (message.kind === 'goodbye' && !runner) process.exit(0)
  else if (runner) runner.receive(message)
  else if (message.kind === 'job' || early.length < EARLY_MAX) early.push(message)
})
process.on('disconnect', () => {
  if (dropped > 0) sayError(`${dropped} log lines dropped: the daemon did not take them`)
  if (!begin) process.exit(0)
  void runner?.orphan()
})

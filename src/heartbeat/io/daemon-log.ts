/**
 * Where the daemon's lines go: logfile, debugfile (which also gets debug lines), syslog, and while it starts the
 * terminal. A line never makes the daemon wait. Lines of the runner and of scripts stand between the daemon's own.
 */
import { haLogLine } from '../../log/formats.js'
import { fileLog, type LineSink } from '../../log/io/file-log.js'
import { type SyslogSink, syslogSink } from '../../log/io/syslog.js'
import type { Level } from '../../log/record.js'
import type { RunnerLine } from '../resources/protocol.js'
import { runnerLogLine } from '../resources/script-line.js'

const LOG_MODE = 0o644

export interface DaemonLogOptions {
  readonly node: string
  readonly logfile: string | null
  readonly debugfile: string | null
  /** null or `none`: no syslog. */
  readonly logfacility: string | null
  readonly debug: number
  /** Gets every line too, such as the standard error of a daemon in the foreground. */
  readonly also: ((line: string) => void) | null
}

export class DaemonLog {
  debug: number
  readonly #options: DaemonLogOptions
  readonly #logfile: LineSink | null
  readonly #debugfile: LineSink | null
  readonly #syslog: SyslogSink | null

  constructor(options: DaemonLogOptions) {
    this.#options = options
    this.debug = options.debug
    this.#logfile = options.logfile === null ? null : fileLog(options.logfile, LOG_MODE)
    this.#debugfile = options.debugfile === null ? null : fileLog(options.debugfile, LOG_MODE)
    const { logfacility } = options
    const hasSyslog = logfacility !== null && logfacility !== 'none'
    this.#syslog = hasSyslog ? syslogSink(logfacility, 'heartbeat', text => this.#write('WARN', text)) : null
  }

  say(level: Level, text: string): void {
    if (level === 'debug' && this.debug === 0) return
    this.#write(level, text)
    if (level !== 'debug') this.#syslog?.write({ atMs: Date.now(), level, text })
  }

  /** A line of the resource runner or of a script that it runs. */
  runnerLine(line: RunnerLine): void {
    const text = runnerLogLine(line, this.#options.node)
    this.#logfile?.write(text)
    this.#debugfile?.write(text)
    this.#options.also?.(text)
  }

  /** Writes what waits, blocking: the last words. */
  close(): void {
    this.#logfile?.flushNow()
    this.#debugfile?.flushNow()
    this.#syslog?.close()
  }

  #write(level: Level, text: string): void {
    const line = haLogLine({ atMs: Date.now(), level, text }, this.#options.node, process.pid)
    if (level !== 'debug') this.#logfile?.write(line)
    this.#debugfile?.write(line)
    this.#options.also?.(line)
  }
}

/**
 * Where the lines of the heartbeat daemon go: logfile, debugfile (which also gets debug lines), syslog, and while it
 * starts the terminal. A line never makes the daemon wait. Lines of its children stand between its own.
 */
import { haLogLine } from '../formats.js'
import type { Level } from '../record.js'
import { type FileOwner, fileLog, type LineSink } from './file-log.js'
import { type SyslogOfScripts, type SyslogSink, syslogOfScripts, syslogSink } from './syslog.js'

const LOG_MODE = 0o644

export interface HaLogOptions {
  readonly node: string
  readonly logfile: string | null
  readonly debugfile: string | null
  /** null or `none`: no syslog. */
  readonly logfacility: string | null
  readonly debug: number
  /** Who else writes into the files: clients that run as another user. */
  readonly owner?: FileOwner | null
  /** Gets every line too, such as the standard error of a daemon in the foreground. */
  readonly also: ((line: string) => void) | null
}

export class HaLog {
  debug: number
  readonly #options: HaLogOptions
  readonly #logfile: LineSink | null
  readonly #debugfile: LineSink | null
  readonly #syslog: SyslogSink | null
  readonly #scripts: SyslogOfScripts | null

  constructor(options: HaLogOptions) {
    this.#options = options
    this.debug = options.debug
    const open = (path: string | null): LineSink | null =>
      path === null ? null : fileLog(path, LOG_MODE, options.owner, text => this.#sayElsewhere(text))
    this.#logfile = open(options.logfile)
    this.#debugfile = open(options.debugfile)
    const { logfacility } = options
    const hasSyslog = logfacility !== null && logfacility !== 'none'
    const onTrouble = (text: string): void => this.#write('WARN', text)
    this.#syslog = hasSyslog ? syslogSink(logfacility, 'heartbeat', onTrouble) : null
    this.#scripts = hasSyslog ? syslogOfScripts(logfacility, onTrouble) : null
  }

  say(level: Level, text: string): void {
    if (level === 'debug' && this.debug === 0) return
    this.#write(level, text)
    if (level !== 'debug') this.#syslog?.write({ atMs: Date.now(), level, text })
  }

  /** What a script said, for syslog: there each has a tag of its own. */
  scriptSaid(tag: string, level: string, text: string): void {
    this.#scripts?.write(tag, level, text)
  }

  /** A line that a child has composed, with its newline. */
  childLine(line: string): void {
    this.#logfile?.write(line)
    this.#debugfile?.write(line)
    this.#options.also?.(line)
  }

  /** Writes what waits, blocking: the last words. */
  close(): void {
    this.#logfile?.flushNow()
    this.#debugfile?.flushNow()
    this.#syslog?.close()
    this.#scripts?.close()
  }

  /** About a file: the other places hear it, syslog among them. */
  #sayElsewhere(text: string): void {
    this.#options.also?.(
      haLogLine({ atMs: Date.now(), level: 'WARN', text }, this.#options.node, process.pid),
    )
    this.#syslog?.write({ atMs: Date.now(), level: 'WARN', text })
  }

  #write(level: Level, text: string): void {
    const line = haLogLine({ atMs: Date.now(), level, text }, this.#options.node, process.pid)
    if (level !== 'debug') this.#logfile?.write(line)
    this.#debugfile?.write(line)
    this.#options.also?.(line)
  }
}

/**
 * Where the lines of the heartbeat daemon go: through ha_logd, where it is asked for and runs; else into logfile, debugfile
 * (which also gets debug lines) and syslog; and while it starts to the terminal too. A line never makes the daemon wait.
 * Lines of its children stand between its own.
 */
import { FACILITIES, haLogLine } from '../formats.js'
import { type LogdLine, logdFrame } from '../logd-frame.js'
import { isLevel, type Level } from '../record.js'
import { type FileOwner, fileLog, type LineSink } from './file-log.js'
import type { LogdSink } from './logd.js'
import { type SyslogOfScripts, type SyslogSink, syslogOfScripts, syslogSink } from './syslog.js'

const LOG_MODE = 0o644
/** What ha_logd gets without a logfacility. */
const USER = 1

/** What the resource runner, an agent or a script said. */
export interface ChildSaid {
  readonly program: string
  readonly pid: number
  readonly atMs: number
  /** Levels of ours, or words of agents. */
  readonly level: string
  readonly text: string
}

type Spoken = Omit<LogdLine, 'facility'>

export interface HaLogOptions {
  readonly node: string
  readonly logfile: string | null
  readonly debugfile: string | null
  /** null or `none`: no syslog. */
  readonly logfacility: string | null
  readonly debug: number
  /** null: not through ha_logd. */
  readonly logd: LogdSink | null
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
    const onTrouble = (text: string): void => this.trouble(text)
    this.#syslog = hasSyslog ? syslogSink(logfacility, 'heartbeat', onTrouble) : null
    this.#scripts = hasSyslog ? syslogOfScripts(logfacility, onTrouble) : null
  }

  say(level: Level, text: string): void {
    if (level === 'debug' && this.debug === 0) return
    const record = { atMs: Date.now(), level, text }
    const line = haLogLine(record, this.#options.node, process.pid)
    this.#options.also?.(line)
    this.#throughLogd({ record, entity: 'heartbeat', pid: process.pid, namesLevel: true }, () => {
      this.#toFiles(level, line)
      if (level !== 'debug') this.#syslog?.write(record)
    })
  }

  /** `line` is what stands in the files, with its newline. */
  childSaid(line: string, said: ChildSaid): void {
    const { program, pid, atMs, level, text } = said
    this.#options.also?.(line)
    const isOurs = program === 'heartbeat' && isLevel(level)
    const spoken: Spoken = isOurs
      ? { record: { atMs, level, text }, entity: program, pid, namesLevel: true }
      : {
          record: { atMs, level: 'info', text: `${level}: ${text}` },
          entity: `${program}[${pid}]`,
          pid,
          namesLevel: false,
        }
    this.#throughLogd(spoken, () => {
      this.#toFiles('info', line)
      // In syslog each script has a tag of its own.
      this.#scripts?.write(isOurs ? `heartbeat: [${pid}]` : `${program}[${pid}]`, level, text)
    })
  }

  /** Writes what waits, blocking: the last words. */
  close(): void {
    this.#options.logd?.close()
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

  /** About ha_logd or syslog: the files hear it. */
  trouble(text: string): void {
    const line = haLogLine({ atMs: Date.now(), level: 'WARN', text }, this.#options.node, process.pid)
    this.#options.also?.(line)
    this.#toFiles('WARN', line)
  }

  #throughLogd(spoken: Spoken, otherwise: () => void): void {
    const { logd, logfacility } = this.#options
    if (logd === null) otherwise()
    else logd.write(logdFrame({ ...spoken, facility: FACILITIES[logfacility ?? ''] ?? USER }), otherwise)
  }

  #toFiles(level: Level, line: string): void {
    if (level !== 'debug') this.#logfile?.write(line)
    this.#debugfile?.write(line)
  }
}

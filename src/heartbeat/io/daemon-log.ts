/**
 * The daemon's log as ha.cf asks for it: which file, which facility, how much. It can be changed while it runs; the
 * lines of the old place are written out before the new one is used.
 */
import { nowMs } from '../../base/io/real-clock.js'
import { HaLog } from '../../log/io/ha-log.js'
import { LogdSink } from '../../log/io/logd.js'
import { LineLimit } from '../../log/line-limit.js'
import type { Level } from '../../log/record.js'
import type { HaCf } from '../config/ha-cf-table.js'
import type { RunnerLine } from '../resources/plan/protocol.js'
import { runnerLogLine } from '../resources/plan/script-line.js'
import { clientOwner } from './accounts.js'

export type LogDirectives = Pick<
  HaCf,
  'logfile' | 'debugfile' | 'logfacility' | 'debug' | 'use_logd' | 'conn_logd_time'
>

export interface DaemonLogOptions {
  readonly us: string
  readonly varLog: string
  /** Where ha_logd listens. */
  readonly logdSocket: string
  /** How often -d was given. */
  readonly debug: number
  /** Gets every line too. */
  readonly also: (line: string) => void
}

/** Without any log directive the original logs through ha_logd only; without that daemon its lines are lost. */
export function logfileOf(directives: LogDirectives, varLog: string): string | null {
  const { logfile, debugfile, logfacility } = directives
  const isNamed = logfile !== null || debugfile !== null || (logfacility !== null && logfacility !== 'none')
  return logfile ?? (isNamed ? null : `${varLog}/ha-log`)
}

export class DaemonLog {
  readonly #options: DaemonLogOptions
  readonly #limit = new LineLimit(nowMs())
  #log: HaLog

  constructor(directives: LogDirectives, options: DaemonLogOptions) {
    this.#options = options
    this.#log = this.#open(directives, directives.debug + options.debug)
  }

  /** Lines that others can cause are rare by themselves; here all together have a limit. */
  say = (level: Level, text: string): void => {
    if (!this.#limit.allows(level, nowMs())) return
    this.#sayLeftOut()
    this.#log.say(level, text)
  }

  #sayLeftOut(): void {
    const text = this.#limit.takeLeftOut()
    if (text !== null) this.#log.say('WARN', text)
  }

  /** A line of the runner: its own, or of a script. */
  runnerLine(line: RunnerLine): void {
    this.#log.childSaid(runnerLogLine(line, this.#options.us), line)
  }

  debugBy(step: number): void {
    this.#log.debug = Math.max(0, this.#log.debug + step)
    this.say('info', `debug level is now ${this.#log.debug}`)
  }

  /** ha.cf names other places, or another level. */
  change(directives: LogDirectives): void {
    const before = this.#log
    this.#log = this.#open(directives, directives.debug + this.#options.debug)
    before.close()
  }

  close(): void {
    this.#sayLeftOut()
    this.#log.close()
  }

  #open(directives: LogDirectives, debug: number): HaLog {
    const { us, varLog, logdSocket, also } = this.#options
    const { debugfile, logfacility, use_logd, conn_logd_time } = directives
    const logfile = logfileOf(directives, varLog)
    const logd = use_logd
      ? new LogdSink({
          ...{ path: logdSocket, retryMs: conn_logd_time, nowMs },
          onTrouble: text => this.#log.trouble(text),
        })
      : null
    return new HaLog({ node: us, logfile, debugfile, logfacility, debug, logd, owner: clientOwner(), also })
  }
}

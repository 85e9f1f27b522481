/**
 * Where the package's scripts log to, by the environment that the daemon gives them: the files of HA_LOGFILE and
 * HA_DEBUGLOG, else the error stream.
 */
import { appendFileSync } from 'node:fs'
import { scriptTime, syslogTime } from '../../log/formats.js'

export type LogText = (text: string) => void

/** Texts carry their level word, as in `info: Running ...`. */
export function scriptLog(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  error: (text: string) => void,
): LogText {
  const { HA_LOGFILE: logfile, HA_DEBUGLOG: debuglog, HA_DATEFMT: format } = env
  const tag = `${program}[${process.pid}]`
  return text => {
    const nowMs = Date.now()
    // The daemon gives the format of scripts; without it the original's functions fall back to that of syslog.
    const time = format ? scriptTime(nowMs) : syslogTime(nowMs)
    if (logfile) appendTo(logfile, `${time}  ${tag}:    ${text}\n`)
    else error(`${time} ${text}\n`)
    if (debuglog && debuglog !== logfile) appendTo(debuglog, `${tag}:\t${time} ${text}\n`)
  }
}

/** A log that cannot be written is no reason to leave undone what was asked for. */
export function appendTo(path: string, line: string): void {
  try {
    appendFileSync(path, line)
  } catch {
    // Nobody else can be told.
  }
}

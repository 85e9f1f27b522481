/** The line formats that administrators' scripts know, byte for byte (local time, C locale). */
import { type Level, type LogRecord, oneLine } from './record.js'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const two = (n: number): string => String(n).padStart(2, '0')
const time = (d: Date): string => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`

/** `Nov 21 02:05:37` */
export function syslogTime(atMs: number): string {
  const d = new Date(atMs)
  return `${MONTHS[d.getMonth()]} ${two(d.getDate())} ${time(d)}`
}

/** `Sat Nov 21 02:04:04 2026` (the day of the month padded with a blank, as by ctime) */
export function ctime(atMs: number): string {
  const d = new Date(atMs)
  const day = String(d.getDate()).padStart(2, ' ')
  return `${DAYS[d.getDay()]} ${MONTHS[d.getMonth()]} ${day} ${time(d)} ${d.getFullYear()}`
}

/** `2026/11/21_02:05:37`, the stamp of lines that resource scripts write to ha-log. */
export function scriptTime(atMs: number): string {
  const d = new Date(atMs)
  return `${d.getFullYear()}/${two(d.getMonth() + 1)}/${two(d.getDate())}_${time(d)}`
}

/** ha-log: `Nov 21 02:05:37 beta heartbeat: [27]: WARN: node alpha: is dead` */
export function haLogLine(record: LogRecord, node: string, pid: number, program = 'heartbeat'): string {
  return `${syslogTime(record.atMs)} ${node} ${program}: [${pid}]: ${record.level}: ${oneLine(record.text)}\n`
}

/** ldirectord.log: `[Sat Nov 21 02:04:04 2026|ldirectord.cf|4711] text` */
export function ldirectordLine(record: LogRecord, instance: string, pid: number): string {
  return `[${ctime(record.atMs)}|${instance}|${pid}] ${oneLine(record.text)}\n`
}

const PRIORITY: Record<Level, number> = {
  ...{ EMERG: 0, CRIT: 2, ERROR: 3 },
  ...{ WARN: 4, notice: 5, info: 6, debug: 7 },
}

/** Facility numbers of syslog(3). */
export const FACILITIES: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
}

/** The number in front of a line for syslog. */
export function syslogPriority(level: Level, facility: number): number {
  return facility * 8 + PRIORITY[level]
}

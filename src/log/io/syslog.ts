/**
 * Lines for syslog. Node cannot write to /dev/log, which is a datagram socket; one `logger` child takes the lines
 * and passes each on with its own priority. When it is missing or busy, lines are dropped, never waited for.
 */
import { spawn } from 'node:child_process'
import { FACILITIES, syslogPriority } from '../formats.js'
import { type LogRecord, oneLine } from '../record.js'

const WAITING_BYTES_MAX = 1_048_576

export interface SyslogSink {
  write(record: LogRecord): void
  close(): void
}

/** `facility` is one of FACILITIES; `tag` is what each line begins with, such as `heartbeat`. */
export function syslogSink(facility: string, tag: string, onTrouble: (sentence: string) => void): SyslogSink {
  const child = spawn('logger', ['--prio-prefix', '-t', tag], { stdio: ['pipe', 'ignore', 'ignore'] })
  let isOpen = true
  const end = (sentence: string): void => {
    if (isOpen) onTrouble(sentence)
    isOpen = false
  }
  child.on('error', error => end(`no lines to syslog: logger cannot be run (${error.message})`))
  child.on('exit', () => end('no lines to syslog any more: logger has ended'))
  child.stdin.on('error', () => {}) // its exit says it
  child.unref()
  return {
    write(record) {
      if (!isOpen || child.stdin.writableLength > WAITING_BYTES_MAX) return
      const priority = syslogPriority(record.level, FACILITIES[facility] ?? FACILITIES.daemon!)
      child.stdin.write(`<${priority}>[${process.pid}]: ${record.level}: ${oneLine(record.text)}\n`)
    },
    close() {
      isOpen = false
      child.stdin.end()
    },
  }
}

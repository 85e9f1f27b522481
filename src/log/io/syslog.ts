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
  /** Text behind the tag as it is, such as a script's. */
  line(priority: number, text: string): void
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
  const line = (priority: number, text: string): void => {
    if (!isOpen || child.stdin.writableLength > WAITING_BYTES_MAX) return
    child.stdin.write(`<${priority}>${oneLine(text)}\n`)
  }
  return {
    line,
    write({ level, text }) {
      line(syslogPriority(level, numberOf(facility)), `[${process.pid}]: ${level}: ${text}`)
    },
    close() {
      isOpen = false
      child.stdin.end()
    },
  }
}

const numberOf = (facility: string): number => FACILITIES[facility] ?? FACILITIES.daemon!

/** A `logger` has one tag, and each script that speaks has its own; who was silent for longest is ended. */
const TAGS_MAX = 6
const [ERROR, WARNING, NOTICE] = [3, 4, 5]

export interface SyslogOfScripts {
  /** `<133>ResourceManager(default)[173]: info: Running ...`, with the priorities of the original's shell functions. */
  write(tag: string, level: string, text: string): void
  close(): void
}

export function syslogOfScripts(
  facility: string,
  onTrouble: (sentence: string) => void,
  open: typeof syslogSink = syslogSink,
): SyslogOfScripts {
  const sinks = new Map<string, SyslogSink>()
  const sinkOf = (tag: string): SyslogSink => {
    const sink = sinks.get(tag) ?? open(facility, tag, onTrouble)
    sinks.delete(tag)
    sinks.set(tag, sink)
    const [longestSilent] = sinks.keys()
    if (sinks.size > TAGS_MAX) {
      sinks.get(longestSilent!)!.close()
      sinks.delete(longestSilent!)
    }
    return sink
  }
  return {
    write(tag, level, text) {
      const severity = level === 'ERROR' ? ERROR : /^WARN/.test(level) ? WARNING : NOTICE
      sinkOf(tag).line(numberOf(facility) * 8 + severity, `${level}: ${text}`)
    },
    close() {
      for (const sink of sinks.values()) sink.close()
    },
  }
}

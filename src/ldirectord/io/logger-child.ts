/**
 * Syslog through one logger(1) that is kept open: Node cannot speak to /dev/log itself. Lines are written to its
 * standard input; while it is missing or stuck they are dropped, never waited for.
 */
import { type ChildProcess, spawn } from 'node:child_process'

const WAITING_BYTES_MAX = 256 * 1024

export interface SyslogSink {
  write(text: string): void
  close(): void
}

export function loggerChild(facility: string, ident: string): SyslogSink {
  let child: ChildProcess | null = null
  const open = (): ChildProcess => {
    const started = spawn('logger', ['-t', ident, '-p', `${facility}.info`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const forget = (): void => {
      if (child === started) child = null
    }
    started.on('error', forget)
    started.on('exit', forget)
    started.stdin.on('error', forget)
    started.unref()
    return started
  }
  return {
    write(text) {
      child ??= open()
      const { stdin } = child
      if (stdin?.writable && stdin.writableLength < WAITING_BYTES_MAX) stdin.write(`${text}\n`)
    },
    close() {
      child?.stdin?.end()
      child = null
    },
  }
}

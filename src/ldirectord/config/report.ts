/** The lines that the original prints about a file: its warnings up to and with the first error. */
import type { Finding, OriginalMessage } from './finding.js'

/** `Error [PID] reading file FILE at line N: TEXT`; a message of its own may contain newlines, as `Unknown command` does. */
export function originalLine(message: OriginalMessage, file: string, pid: number | string): string {
  const place =
    message.line !== null && message.line > 0 ? ` reading file ${file} at line ${message.line}` : ''
  return `${message.severity} [${pid}]${place}: ${message.text}`
}

/** Findings in the order of the original's reading; it stops at its first error. */
export function originalMessages(findings: readonly Finding[]): OriginalMessage[] {
  const messages: OriginalMessage[] = []
  for (const { original, diagnostic } of findings) {
    if (original !== null) messages.push(original)
    if (original?.severity === 'Error') break
    if (original === null && diagnostic.severity === 'error') break
  }
  return messages
}

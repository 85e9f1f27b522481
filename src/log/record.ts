/** One log line as data; the formats of heartbeat, ldirectord and syslog are prints of it. */

/** Levels with the words that heartbeat prints for them. */
export const LEVELS = ['debug', 'info', 'notice', 'WARN', 'ERROR', 'CRIT', 'EMERG'] as const
export type Level = (typeof LEVELS)[number]
export const isLevel = (word: string): word is Level => (LEVELS as readonly string[]).includes(word)

export interface LogRecord {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number
  readonly level: Level
  readonly text: string
}

/** Where a program says something. Never throws, never blocks for long. */
export type Log = (level: Level, text: string) => void

/** Characters of one line: what a peer or a script says may be longer. */
export const LINE_LENGTH_MAX = 4_096

/** Log text comes from peers and scripts too: control characters must not forge a second line. */
export function oneLine(text: string): string {
  const cut = text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX)}...` : text
  return cut
    .replace(/\n+$/, '')
    .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, character => (character === '\n' ? ' ' : '?'))
}

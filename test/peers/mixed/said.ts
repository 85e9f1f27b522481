/**
 * Log lines without what differs from run to run, and what may be said only by one of two kinds: the lists that the
 * comparison of our log with a recorded one of heartbeat 3.0.6 rests on.
 */
const DAEMON = /^\w{3} +\d+ [\d:]{8} \S+ (\S+): \[\d+\]: (\w+): (.*)$/
const SCRIPT = /^\d{4}\/\d\d\/\d\d_[\d:]{8}\s+([^\s[]+)\[\d+\]:\s*(\w+):\s*(.*)$/

/** `heartbeat WARN: node alpha: is dead`; numbers as N. Undefined for a line that no program of the cluster writes. */
export function plain(line: string): string | undefined {
  const daemon = DAEMON.exec(line)
  if (daemon) return `${daemon[1]} ${daemon[2]}: ${numberless(daemon[3]!)}`
  const script = SCRIPT.exec(line)
  return script ? `${numberless(script[1]!)} ${script[2]}: ${numberless(script[3]!)}` : undefined
}

const numberless = (text: string): string =>
  text
    .replace(/0x[0-9a-f]+/g, 'N')
    .replace(/\d+/g, 'N')
    .trim()

/** The different lines of a log, in the order in which they came first. */
export function said(log: string): string[] {
  return [...new Set(log.split('\n').flatMap(line => plain(line) ?? []))]
}

/** What nobody wants to find in the log of a node. */
export const isComplaint = (line: string): boolean =>
  / (ERROR|CRIT): |lost packet|flow control|hist queue/.test(line)

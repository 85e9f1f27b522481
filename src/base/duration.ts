/**
 * Times as ha.cf writes them: a number, decimals allowed, of seconds, or with `ms`/`msec`, `us`/`usec` behind it.
 * Everything is whole milliseconds inside. The grammar is heartbeat 3.0.6's, measured: `.5`, `1.` and even `1.2.3`
 * (read as 1.2) are times; `1s`, `1m`, `+1`, `-1` and `1e0` are not.
 */

const TIME = /^([0-9.]*[0-9.])(ms|msec|us|usec)?$/i

/** Timers hold no more than this (24.8 days). */
export const DURATION_MS_MAX = 2 ** 31 - 1

/** Whole milliseconds, or null when the text is no time. Never more than {@link DURATION_MS_MAX}. */
export function parseDurationMs(text: string): number | null {
  const match = TIME.exec(text)
  if (!match) return null
  const number = Number.parseFloat(match[1]!)
  const unit = match[2]?.toLowerCase()
  const ms = unit === undefined ? number * 1000 : unit.startsWith('m') ? number : number / 1000
  // A lone dot is zero, as in the original.
  return Number.isNaN(ms) ? 0 : Math.min(Math.round(ms), DURATION_MS_MAX)
}

/** The shortest text that reads as the same time: `30`, `1500ms`. */
export function printDuration(ms: number): string {
  return ms % 1000 === 0 ? String(ms / 1000) : `${ms}ms`
}

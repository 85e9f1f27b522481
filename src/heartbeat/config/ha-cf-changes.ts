/** What an edited ha.cf changes for a daemon that runs: what acts at once, and what waits for a restart, by name. */
import type { HaCf } from './ha-cf-table.js'

const TIMES = [
  'keepalive',
  'deadtime',
  'warntime',
  'initdead',
  'deadping',
  'auto_failback',
  'takeover_needs_ping',
] as const
const LOGGING = ['logfile', 'debugfile', 'logfacility', 'debug', 'use_logd', 'conn_logd_time'] as const
/** How the file was written, not what it says. */
const NO_DIRECTIVES: readonly string[] = ['places', 'recorded']

export interface HaCfChanges {
  /** Names of the directives that act at once. */
  readonly times: readonly string[]
  readonly logging: readonly string[]
  /** Names of those that act after a restart; `media` stands for the lines of links and ping nodes. */
  readonly afterRestart: readonly string[]
  /** What is in force from now on: the old values where a restart is needed. */
  readonly inForce: HaCf
}

export function haCfChanges(before: HaCf, after: HaCf): HaCfChanges {
  const names = Object.keys(after) as (keyof HaCf)[]
  const changed = names.filter(
    name =>
      !NO_DIRECTIVES.includes(name) &&
      plain(before[name]) !== plain(after[name]) &&
      (name !== 'use_logd' || before.recorded.get(name) !== after.recorded.get(name)),
  )
  // legacy has another start and other messages than on and off.
  const turnsLegacy =
    (before.auto_failback === 'legacy') !== (after.auto_failback === 'legacy') ? ['auto_failback'] : []
  const atOnce = (known: readonly string[]): (keyof HaCf)[] =>
    changed.filter(name => known.includes(name) && !turnsLegacy.includes(name))
  const times = atOnce(TIMES)
  const logging = atOnce(LOGGING)
  // Without a line of its own it follows from the other log directives.
  const acting = [...times, ...logging, ...(logging.length > 0 ? ['use_logd'] : [])]
  return {
    times,
    logging,
    afterRestart: changed.filter(name => !(acting as readonly string[]).includes(name)),
    inForce: merged(before, after, acting),
  }
}

/** `after` where it acts, `before` elsewhere; so too what clients are told of each directive. */
function merged(before: HaCf, after: HaCf, acting: readonly string[]): HaCf {
  const values = Object.fromEntries(Object.entries(after).filter(([name]) => acting.includes(name)))
  const recorded = new Map(before.recorded)
  for (const name of acting) {
    const text = after.recorded.get(name)
    if (text === undefined) recorded.delete(name)
    else recorded.set(name, text)
  }
  return { ...before, ...values, recorded }
}

/** Without the places in the file: a directive that moved has not changed. */
const plain = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === 'place' ? undefined : inner)) ?? ''

/** The state record as tables for people: `status --watch` and `drained`. */
import { durationText } from './alert-events.js'
import type { Status } from './status.js'

type Virtual = Status['virtuals'][number]
type Real = Virtual['reals'][number]
type Row = readonly string[]

const LINE_MAX = 400

/** Every virtual service with its servers; one line a server. */
export function statusText(status: Status): string {
  const rows: Row[] = [['server', 'state', 'for', 'weight', 'active', 'inactive', 'last check']]
  for (const virtual of status.virtuals) {
    const notes = [virtual.scheduler, ...(virtual.isPanicking ? ['too few servers up: all stay'] : [])]
    rows.push([`${virtual.id} ${notes.join(', ')}`])
    for (const real of virtual.reals) rows.push(realRow(real))
    const { fallback } = virtual
    if (fallback?.active)
      rows.push([
        `  ${fallback.server}`,
        'fallback',
        '',
        weightText(fallback.weight),
        `${fallback.activeConnections}`,
        `${fallback.inactiveConnections}`,
      ])
  }
  const head = `${status.instance} (pid ${status.pid}), ${status.file}, forwarding by ${status.forwarder}`
  return `${head}\n\n${columns(rows)}`
}

function realRow(real: Real): Row {
  const isOut = real.drain !== null && real.drain.most === 0
  const state = isOut ? 'drained' : real.maintenance ? 'maintenance' : real.health
  const soft = real.softFailures > 0 && real.health === 'up' ? ` (${real.softFailures} soft)` : ''
  const warning = real.certificate?.warning ? `, ${real.certificate.warning}` : ''
  return [
    `  ${real.server}`,
    `${state}${soft}`,
    durationText(real.sinceMs),
    weightText(real.weight),
    `${real.activeConnections}`,
    `${real.inactiveConnections}`,
    real.last === null ? 'none yet' : `${real.last.durationMs} ms ${real.last.detail}${warning}`,
  ]
}

const weightText = (weight: number | null): string => (weight === null ? '-' : `${weight}`)

export interface DrainedServer {
  readonly virtual: string
  readonly server: string
  readonly activeConnections: number
  readonly drain: NonNullable<Real['drain']>
}

export function drainedServers(status: Status): DrainedServer[] {
  return status.virtuals.flatMap(({ id, reals }) =>
    reals.flatMap(({ server, activeConnections, drain }) =>
      drain === null ? [] : [{ virtual: id, server, activeConnections, drain }],
    ),
  )
}

/** @param time how a moment of Unix time is written */
export function drainedText(servers: readonly DrainedServer[], time: (unixMs: number) => string): string {
  const rows: Row[] = [
    ['server', 'virtual', 'by', 'since', 'until', 'active', 'clients bound', 'reason', 'left'],
  ]
  for (const { server, virtual, activeConnections, drain } of servers) {
    rows.push([
      server,
      virtual,
      drain.who,
      time(drain.sinceUnixMs),
      drain.untilUnixMs === null ? '-' : time(drain.untilUnixMs),
      `${activeConnections}`,
      drain.templates === null ? '?' : `${drain.templates}`,
      drain.reason,
      leftText(drain),
    ])
  }
  return columns(rows)
}

/** What is left to wait for, honestly. */
export function leftText({ isDrained, seconds, because, most }: DrainedServer['drain']): string {
  if (most > 0) return `weight ${most} at most`
  if (isDrained) return 'drained'
  return seconds === null ? `unknown: ${because}` : `up to ${durationText(seconds * 1000)}: ${because}`
}

/** Columns as wide as their widest cell; a row of one cell is a heading and stands alone. */
function columns(rows: readonly Row[]): string {
  const cells = rows.filter(row => row.length > 1)
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...cells.map(row => row[n]?.length ?? 0)))
  const lines = rows.map(row =>
    row.length === 1 ? row[0]! : row.map((cell, n) => cell.padEnd(widths[n]!)).join('  '),
  )
  return lines.map(line => `${line.trimEnd().slice(0, LINE_MAX)}\n`).join('')
}

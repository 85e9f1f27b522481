/**
 * What belongs to one loaded file and goes with it: the director with the state of its servers, the checks, the
 * maintenance folder. A new one begins with what the table and the one before it show, so that neither a start nor a
 * reload forgets who serves.
 */
import { nowMs } from '../../base/io/real-clock.js'
import type { LdirectordConfig, RealServer } from '../config/model.js'
import { adoptedTargets } from '../core/adopt.js'
import { desiredTable } from '../core/desired.js'
import { Director } from '../core/director.js'
import type { DirectorEvent } from '../core/director-contract.js'
import type { Drain } from '../core/drain.js'
import { drainsIn } from '../core/drained-targets.js'
import { virtualIndexes } from '../core/edit-lines.js'
import { type PlannedCheck, plannedChecks } from '../core/probe.js'
import type { Table } from '../core/table.js'
import { serverOf, toldBefore } from '../core/takeover.js'
import { CheckLoop, type CheckLoopOptions } from './check-loop.js'
import { Maintenance } from './maintenance.js'

export interface Generation {
  readonly config: LdirectordConfig
  readonly director: Director
  readonly checks: readonly PlannedCheck[]
  readonly loop: CheckLoop
  readonly indexes: ReadonlyMap<string, number>
  readonly maintenance: Maintenance | null
}

export interface Origin extends Pick<CheckLoopOptions, 'run' | 'onOutcome'> {
  /** The generation that it follows; its checks end here. */
  readonly old: Generation | null
  /** The table that is taken over. */
  readonly current: Table
  readonly drains: () => readonly Drain[]
}

/** Its checks do not run yet. */
export async function openGeneration(config: LdirectordConfig, origin: Origin): Promise<Generation> {
  const { old, current, drains, run, onOutcome } = origin
  const reals = config.virtuals.flatMap(virtual => virtual.reals)
  const maintenance = config.maintenancedir === null ? null : new Maintenance(config.maintenancedir, reals)
  await maintenance?.refresh()
  const adopted = adoptedIn({ config, maintenance }, current)
  const told = toldBefore(config, old)
  const drained = old === null ? {} : { drainOf: drainsIn(config, drains()) }
  const director = new Director(config, { adopted, told, ...drained }, nowMs())
  old?.loop.stop()
  const checks = plannedChecks(config)
  const loop = new CheckLoop({
    checks,
    before: old?.loop ?? null,
    jitterPercent: config.checkjitter,
    run,
    isMaintained: check => isMaintained(maintenance, serverOf(config, check)),
    onOutcome,
  })
  return { config, director, checks, loop, maintenance, indexes: virtualIndexes(config) }
}

/** The servers that a table shows as serving, but for those under maintenance. */
export function adoptedIn(
  { config, maintenance }: Pick<Generation, 'config' | 'maintenance'>,
  current: Table,
) {
  return adoptedTargets(config, current, real => isMaintained(maintenance, real))
}

/** What the checks that it took over from the file before have answered there. */
export function* answeredBefore({ config, checks, loop, maintenance }: Generation): Generator<DirectorEvent> {
  for (const check of checks) {
    const { targets } = check
    const known = loop.answered(check.id)
    if (known === null) continue
    if (isMaintained(maintenance, serverOf(config, check))) yield { kind: 'maintenance', targets }
    else yield { kind: 'checked', targets, ...known }
  }
}

/** The table as its director wants it. */
export function tableOf({ config, director }: Generation): Table {
  return desiredTable(
    config,
    (virtual, real) => director.serves(virtual, real),
    (virtual, real) => director.isDrained(virtual, real),
    (virtual, real) => director.weightOf(virtual, real),
  )
}

const isMaintained = (maintenance: Maintenance | null, real: RealServer): boolean =>
  maintenance?.covers(real) ?? false

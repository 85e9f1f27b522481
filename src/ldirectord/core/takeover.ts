/** What a newly loaded file takes over from the one before it. */
import type { LdirectordConfig, RealServer } from '../config/model.js'
import { canonicalKey } from './desired.js'
import type { Director } from './director.js'
import { virtualIndexes } from './edit-lines.js'
import type { PlannedCheck } from './probe.js'
import { serviceId } from './table.js'

export interface Before {
  readonly director: Director
  readonly indexes: ReadonlyMap<string, number>
}

/** The fallbacks that were told under the old file, by their place in the new one. */
export function toldBefore(config: LdirectordConfig, old: Before | null): Map<number, boolean> {
  const told = new Map<number, boolean>()
  if (old === null) return told
  config.virtuals.forEach((virtual, index) => {
    const before = old.indexes.get(serviceId(canonicalKey(virtual.key)))
    const value = before === undefined ? null : old.director.told()[before]
    if (typeof value === 'boolean') told.set(index, value)
  })
  return told
}

/** The services that are ours to remove: those of both files. */
export function ownedIds(config: LdirectordConfig, old: Before | null): Set<string> {
  return new Set([...virtualIndexes(config).keys(), ...(old?.indexes.keys() ?? [])])
}

/** A check's targets have the same address and port, as they are written in the file. */
export function serverOf(config: LdirectordConfig, check: PlannedCheck): RealServer {
  const target = check.targets[0]!
  return config.virtuals[target.virtual]!.reals[target.real]!
}

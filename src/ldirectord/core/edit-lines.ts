/** Which log line (and mail subject) an edit of the table deserves: it depends on what the entry is in the file. */
import { unreachable } from '../../base/assert.js'
import type { LdirectordConfig } from '../config/model.js'
import * as lines from '../log-lines.js'
import { canonicalKey, fallbackDestination, fallbackOf, realDestination } from './desired.js'
import { type Edit, endpoint, type ServiceKey, serviceId } from './table.js'

export interface EditLine {
  readonly text: string
  /** The virtual of the file that it is about; null: none (a purged service). */
  readonly virtual: number | null
  /** The subject of the mail about it; null: none is sent (virtual services). */
  readonly alert: string | null
}

/** The phase decides between "deleted" and "purged", and between "added" and "readded". */
export type Phase = 'loading' | 'running' | 'stopping'

interface Role {
  readonly kind: 'real' | 'fallback' | 'foreign'
  readonly isUp: boolean
  /** It gets less than the file says: on its way back from a drain, whose end will be told. */
  readonly isPartial: boolean
}

function roleOf(
  config: LdirectordConfig,
  virtualIndex: number,
  destination: { address: string; port: number; weight: number },
  isUp: (virtual: number, real: number) => boolean,
): Role {
  const virtual = config.virtuals[virtualIndex]!
  const key = canonicalKey(virtual.key)
  const wanted = endpoint(destination.address, destination.port)
  const matching = virtual.reals.flatMap((real, index) => {
    const written = realDestination(key, real, 0)
    return endpoint(written.address, written.port) === wanted ? [index] : []
  })
  const fallback = fallbackOf(config, virtual)
  const isFallback = fallback !== null && serverOf(key, fallback) === wanted
  if (isFallback && !matching.some(index => isUp(virtualIndex, index)))
    return { kind: 'fallback', isUp: false, isPartial: false }
  if (matching.length === 0)
    return { kind: isFallback ? 'fallback' : 'foreign', isUp: false, isPartial: false }
  return {
    kind: 'real',
    isUp: matching.some(index => isUp(virtualIndex, index)),
    isPartial: matching.every(index => destination.weight < virtual.reals[index]!.weight),
  }
}

function serverOf(key: ServiceKey, fallback: Parameters<typeof fallbackDestination>[1]): string {
  const written = fallbackDestination(key, fallback)
  return endpoint(written.address, written.port)
}

/** Finds the virtual of a service by its key; built once per configuration. */
export function virtualIndexes(config: LdirectordConfig): Map<string, number> {
  return new Map(config.virtuals.map((virtual, index) => [serviceId(canonicalKey(virtual.key)), index]))
}

export function editLine(
  edit: Edit,
  config: LdirectordConfig,
  indexes: ReadonlyMap<string, number>,
  phase: Phase,
  isUp: (virtual: number, real: number) => boolean,
): EditLine {
  const key = 'service' in edit ? edit.service.key : edit.key
  const virtual = indexes.get(serviceId(key)) ?? null
  const when = phase === 'stopping' ? 'stop' : 'start'
  const silent = (text: string): EditLine => ({ virtual, text, alert: null })
  const mailed = (text: string, alert = text): EditLine => ({ virtual, text, alert })
  if (edit.kind === 'addService') return silent(lines.addedVirtual(key))
  if (edit.kind === 'editService') return silent(lines.changedVirtual(key))
  if (edit.kind === 'deleteService') return silent(lines.purgedVirtual(key, when))
  const { destination } = edit
  const role: Role =
    virtual === null
      ? { kind: 'foreign', isUp: false, isPartial: false }
      : roleOf(config, virtual, destination, isUp)
  switch (edit.kind) {
    case 'addDestination':
      if (role.kind === 'fallback') return mailed(lines.addedFallback(destination, key))
      if (role.isUp) return mailed(lines.addedReal(destination, key))
      return config.readdquiescent
        ? mailed(lines.readdQuiescentReal(destination, key), lines.quiescentReal(destination, key))
        : mailed(lines.quiescentReal(destination, key))
    case 'editDestination':
      if (role.kind === 'fallback') return mailed(lines.addedFallback(destination, key))
      if (role.isUp && role.isPartial) return silent(lines.restoredReal(destination, key))
      if (role.isUp) return mailed(lines.restoredReal(destination, key))
      return mailed(lines.quiescentReal(destination, key))
    case 'deleteDestination':
      if (role.kind === 'fallback') return mailed(lines.deletedFallback(destination, key))
      if (phase === 'stopping' || role.kind === 'foreign')
        return mailed(lines.purgedReal(destination, key, when))
      return mailed(lines.deletedReal(destination, key))
    default:
      return unreachable(edit)
  }
}

/** The state record of a running ldirectord: what `status --json`, and everything that shows ldirectord, prints. */
import type { LdirectordConfig, VirtualService } from '../config/model.js'
import type { Bindings, DestinationCounters } from '../forwarders/forwarder.js'
import { certificateText, isWithinDays } from './certificate-end.js'
import { canonicalKey, fallbackDestination, fallbackOf, realDestination } from './desired.js'
import type { Director } from './director.js'
import type { Drain } from './drain.js'
import { drainProgress } from './drain-progress.js'
import { byServiceId } from './reconcile.js'
import { type Destination, endpoint, serviceId, type Table } from './table.js'

export interface StatusInput {
  readonly config: LdirectordConfig
  readonly director: Director
  readonly table: Table
  readonly counters: readonly DestinationCounters[]
  /** null: nobody is drained, or the forwarder cannot tell. */
  readonly bindings: Bindings | null
  readonly forwarder: string
  readonly instance: string
  readonly pid: number
  readonly role: Role
  /** How the other director stands to our drains. */
  readonly mirror: { readonly mirroredTo: readonly string[]; readonly because: string | null }
  /** On the clock of the director's states, and as Unix time. */
  readonly nowMs: number
  readonly nowUnixMs: number
}

/** active: the table is ours. warm: we check, and somebody else has it, or nobody. */
export type Role = 'active' | 'warm'

export type Status = ReturnType<typeof statusRecord>

export function statusRecord(input: StatusInput) {
  const { config, director, nowMs } = input
  const services = byServiceId(input.table)
  return {
    instance: input.instance,
    pid: input.pid,
    role: input.role,
    drains: input.mirror,
    file: config.file,
    forwarder: input.forwarder,
    virtuals: config.virtuals.map((virtual, virtualIndex) => {
      const key = canonicalKey(virtual.key)
      const id = serviceId(key)
      const listed = new Map(
        services.get(id)?.destinations.map(entry => [endpoint(entry.address, entry.port), entry]),
      )
      const shown = (destination: Destination) => {
        const place = endpoint(destination.address, destination.port)
        const counts = input.counters.find(
          entry => serviceId(entry.key) === id && endpoint(entry.address, entry.port) === place,
        )
        return {
          server: place,
          method: destination.method,
          /** null: not in the table. */
          weight: listed.get(place)?.weight ?? null,
          activeConnections: counts?.activeConnections ?? 0,
          inactiveConnections: counts?.inactiveConnections ?? 0,
        }
      }
      const fallback = fallbackOf(config, virtual)
      return {
        id,
        scheduler: virtual.scheduler,
        checktype: virtual.checktype,
        service: virtual.service,
        quiescent: virtual.quiescent,
        persistentSeconds: virtual.persistent,
        isPanicking: director.isPanicking(virtualIndex),
        reals: virtual.reals.map((real, realIndex) => {
          const state = director.state({ virtual: virtualIndex, real: realIndex })
          const entry = shown(realDestination(key, real, real.weight))
          return {
            ...entry,
            text: real.text,
            weightInFile: real.weight,
            health: state.health,
            softFailures: state.softFailures,
            failurecount: virtual.failurecount,
            maintenance: state.maintenance,
            drain: state.drain && drainRecord(input, state.drain, virtual, `${id} ${entry.server}`, entry),
            sinceMs: Math.round(nowMs - state.sinceMs),
            because: state.because,
            /** null: not seen, or not watched (tlsexpirywarn, tlsexpiryfail). */
            certificate:
              state.certificateEndsMs === null
                ? null
                : certificateRecord(input, state.certificateEndsMs, virtual),
            last: state.lastOutcome && {
              passed: state.lastOutcome.passed,
              code: state.lastOutcome.code,
              detail: state.lastOutcome.detail,
              durationMs: Math.round(state.lastDurationMs ?? 0),
              /** Since it began. */
              agoMs: Math.round(nowMs - state.lastBeganMs),
            },
          }
        }),
        fallback: fallback && {
          ...shown(fallbackDestination(key, fallback)),
          active: !director.anyServes(virtualIndex),
        },
      }
    }),
  }
}

function certificateRecord({ nowUnixMs }: StatusInput, endsMs: number, { tls }: VirtualService) {
  const leftMs = endsMs - nowUnixMs
  return {
    endsUnixMs: endsMs,
    /** What to warn of; null: there is time. */
    warning: isWithinDays(leftMs, tls?.tlsexpirywarn ?? null) ? certificateText(leftMs) : null,
  }
}

/** Who drained a server, why, since when, and how far it is. */
function drainRecord(
  { bindings }: StatusInput,
  { who, reason, sinceMs, untilMs, weight: most = 0 }: Drain,
  { persistent }: VirtualService,
  bindingId: string,
  { weight, activeConnections }: { readonly weight: number | null; readonly activeConnections: number },
) {
  const templates = bindings === null ? null : (bindings.templates.get(bindingId) ?? 0)
  return {
    who,
    reason,
    sinceUnixMs: sinceMs,
    untilUnixMs: untilMs,
    /** What it gets at most; 0: it is taken out. */
    most,
    templates,
    ...drainProgress({
      activeConnections,
      persistentSeconds: persistent,
      templates,
      expiresQuiescentTemplates: bindings?.expiresQuiescent ?? false,
      hasWeight: most > 0 || (weight !== null && weight > 0),
    }),
  }
}

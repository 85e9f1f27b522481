/**
 * How nftables stands in for the kernel's schedulers. It can count (numgen: rr, wrr) and hash (jhash: sh, dh), but has
 * no notion of how many connections a server has; what needs that gets the nearest one that does not, and a sentence.
 */
import { type Destination, endpoint, type Service, serviceId } from '../../core/table.js'
import { slotCounts, spreadSlots } from './slots.js'

export type Choice = 'numgen' | 'source' | 'source-port' | 'destination'

interface Stand {
  readonly choice: Choice
  /** Whether weights count; without, all that serve are equal. */
  readonly weighted: boolean
  /** The scheduler that this really is, where it is another one. */
  readonly nearest?: string
}

const STANDS: Readonly<Record<string, Stand>> = {
  rr: { choice: 'numgen', weighted: false },
  wrr: { choice: 'numgen', weighted: true },
  sh: { choice: 'source', weighted: true },
  dh: { choice: 'destination', weighted: true },
  lc: { choice: 'numgen', weighted: false, nearest: 'rr' },
  wlc: { choice: 'numgen', weighted: true, nearest: 'wrr' },
  sed: { choice: 'numgen', weighted: true, nearest: 'wrr' },
  nq: { choice: 'numgen', weighted: true, nearest: 'wrr' },
  lblc: { choice: 'destination', weighted: true, nearest: 'dh' },
  lblcr: { choice: 'destination', weighted: true, nearest: 'dh' },
  mh: { choice: 'source', weighted: true, nearest: 'sh' },
  fo: { choice: 'numgen', weighted: true },
  ovf: { choice: 'numgen', weighted: true, nearest: 'fo' },
}
const HEAVIEST_ONLY = ['fo', 'ovf']
const OTHER: Stand = { choice: 'numgen', weighted: true, nearest: 'wrr' }

const standFor = (scheduler: string): Stand => STANDS[scheduler] ?? OTHER

export function choiceOf({ scheduler, schedulerFlags }: Service): Choice {
  const { choice } = standFor(scheduler)
  return choice === 'source' && /-port\b/.test(schedulerFlags) ? 'source-port' : choice
}

function effectiveWeights({ scheduler, destinations }: Service): number[] {
  const weights = destinations.map(({ weight }) => weight)
  if (HEAVIEST_ONLY.includes(scheduler)) {
    const first = weights.indexOf(Math.max(...weights))
    return weights.map((weight, index) => (index === first ? Math.min(weight, 1) : 0))
  }
  return standFor(scheduler).weighted ? weights : weights.map(weight => Math.min(weight, 1))
}

/** The destinations in the order in which numbers or hash values pick them; empty: none serves. */
export function slotsOf(service: Service): Destination[] {
  return spreadSlots(effectiveWeights(service)).map(index => service.destinations[index]!)
}

/** How many slots each destination has, in the order of the destinations. */
export function slotCountsOf(service: Service): number[] {
  return service.destinations.length === 0 ? [] : slotCounts(effectiveWeights(service))
}

/** What is done otherwise than the service asks, a sentence each. */
export function concessions(service: Service): string[] {
  const { scheduler, ops, destinations, key } = service
  const name = serviceId(key)
  const sentences: string[] = []
  const { nearest } = standFor(scheduler)
  if (nearest !== undefined)
    sentences.push(`${name}: nftables cannot count connections: scheduler ${scheduler} acts as ${nearest}`)
  const isTranslated = destinations.some(({ method }) => method !== 'gate')
  if (ops && isTranslated)
    sentences.push(`${name}: nftables has no one-packet scheduling: a client's packets stay together`)
  for (const { address, port, upper, lower } of destinations) {
    if (upper > 0 || lower > 0)
      sentences.push(
        `${name}: nftables has no connection thresholds: those of ${endpoint(address, port)} do nothing`,
      )
  }
  return sentences
}

/** Whether packets go on to another machine as they are (gate). */
export const isRouted = ({ address, method }: Destination, isLocal: (address: string) => boolean): boolean =>
  method === 'gate' && !isLocal(address)

/** Why a destination cannot be had, or null. */
export function refusal(
  { address, port, method }: Destination,
  isLocal: (address: string) => boolean,
): string | null {
  if (method !== 'ipip' || isLocal(address)) return null
  return `nftables has no tunnels (ipip): ${endpoint(address, port)} needs gate or masq, or a kernel with IPVS`
}

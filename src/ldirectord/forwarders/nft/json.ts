/**
 * Our nftables table read back: what `nft -j -t list table` prints -> the table of virtual services, from the records in
 * it. A record alone proves nothing, so a service counts only where packets are sent to its chain, a destination only
 * where its chain acts, and a service whose rule picks other servers than its records say is shown as `damaged`, without
 * weights: whoever compares that with what he wants puts it right.
 */
import type { Destination, Service, Table } from '../../core/table.js'
import { DISPATCH, destinationChain, destinationOfRecord, serviceChain, serviceOfRecord } from './names.js'
import { slotCountsOf } from './scheduling.js'

/** The scheduler of a service whose rules were edited by hand. */
export const DAMAGED = 'damaged'

interface Rule {
  readonly chain: string
  readonly comment?: string
  readonly expr: readonly Readonly<Record<string, unknown>>[]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Every `goto` below a value, as often as it stands there. */
function targets(value: unknown, found: string[] = []): string[] {
  if (!isObject(value)) return found
  const { goto } = value
  if (isObject(goto) && typeof goto.target === 'string') found.push(goto.target)
  for (const inner of Object.values(value)) targets(inner, found)
  return found
}

/** The rules by chain, in order. Throws a sentence when the text is not what nft prints. */
function rulesByChain(text: string): Map<string, Rule[]> {
  const parsed: unknown = JSON.parse(text)
  const entries = isObject(parsed) ? parsed.nftables : null
  if (!Array.isArray(entries)) throw new Error('nft -j printed something else than a ruleset')
  const chains = new Map<string, Rule[]>()
  for (const entry of entries) {
    const rule = isObject(entry) && isObject(entry.rule) ? (entry.rule as unknown as Rule) : null
    if (rule === null || !Array.isArray(rule.expr)) continue
    const list = chains.get(rule.chain)
    if (list) list.push(rule)
    else chains.set(rule.chain, [rule])
  }
  return chains
}

function destinationsBelow(chains: ReadonlyMap<string, readonly Rule[]>): Map<string, Destination[]> {
  const found = new Map<string, Destination[]>()
  for (const [name, [record, ...acting]] of chains) {
    const slash = name.indexOf('/')
    if (slash < 0 || acting.length === 0) continue
    const destination = destinationOfRecord(record?.comment ?? '')
    if (destination === null) continue
    const chain = name.slice(0, slash)
    found.set(chain, [...(found.get(chain) ?? []), destination])
  }
  return found
}

/** Whether the rule that picks has each destination as often as it should. */
function picksAsRecorded(service: Service, rules: readonly Rule[]): boolean {
  const picked = new Map<string, number>()
  const last = rules.at(-1)
  for (const target of targets(last?.expr)) picked.set(target, (picked.get(target) ?? 0) + 1)
  const counts = slotCountsOf(service)
  return service.destinations.every(
    (destination, at) => (picked.get(destinationChain(service.key, destination)) ?? 0) === counts[at],
  )
}

export function parseRuleset(text: string): Table {
  const chains = rulesByChain(text)
  const dispatched = new Set(targets((chains.get(DISPATCH) ?? []).map(rule => rule.expr)))
  const destinations = destinationsBelow(chains)
  const services: Service[] = []
  for (const [name, rules] of chains) {
    if (name.includes('/') || !dispatched.has(name)) continue
    const recorded = serviceOfRecord(rules[0]?.comment ?? '')
    if (recorded === null || serviceChain(recorded.key) !== name) continue
    const service = { ...recorded, destinations: destinations.get(name) ?? [] }
    services.push(
      picksAsRecorded(service, rules)
        ? service
        : {
            ...service,
            scheduler: DAMAGED,
            destinations: service.destinations.map(destination => ({ ...destination, weight: 0 })),
          },
    )
  }
  return { services }
}

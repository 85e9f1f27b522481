/**
 * Our nftables tables read back: what `nft -j -t list table` prints -> the table of virtual services, from the records in
 * the table of translations. A record alone proves nothing, so a service counts only where packets are sent to its chain,
 * a destination only where its chain acts, and a service whose rules pick other servers than its records say is a ruin:
 * it is not shown, so that its owner makes it anew, and left alone until he does.
 */
import type { Destination, Service, Table } from '../../core/table.js'
import { ARRIVING, CHOOSING, knownChain } from './gate-names.js'
import { DISPATCH, destinationChain, destinationOfRecord, serviceChain, serviceOfRecord } from './names.js'
import { slotCountsOf } from './scheduling.js'

interface Rule {
  readonly chain: string
  readonly comment?: string
  readonly expr: readonly Readonly<Record<string, unknown>>[]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

type Chains = ReadonlyMap<string, readonly Rule[]>

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

interface Below {
  readonly destinations: readonly Destination[]
  /** The chains of those that are routed: they act in the tables of gate.ts. */
  readonly routed: ReadonlySet<string>
}

function destinationsBelow(chains: Chains): Map<string, Below> {
  const found = new Map<string, { destinations: Destination[]; routed: Set<string> }>()
  for (const [name, [record, ...acting]] of chains) {
    const slash = name.indexOf('/')
    if (slash < 0 || acting.length === 0) continue
    const destination = destinationOfRecord(record?.comment ?? '')
    if (destination === null) continue
    const chain = name.slice(0, slash)
    const below = found.get(chain) ?? { destinations: [], routed: new Set() }
    below.destinations.push(destination)
    if (acting.at(-1)!.expr.some(statement => 'return' in statement)) below.routed.add(name)
    found.set(chain, below)
  }
  return found
}

/** Whether the rule that picks, the last one, has each of these destinations as often as the service says. */
function picksAsRecorded(
  service: Service,
  rules: readonly Rule[],
  counts: (destination: Destination) => boolean,
): boolean {
  const picked = new Map<string, number>()
  for (const target of targets(rules.at(-1)?.expr)) picked.set(target, (picked.get(target) ?? 0) + 1)
  const slots = slotCountsOf(service)
  return service.destinations.every(
    (destination, at) =>
      !counts(destination) || (picked.get(destinationChain(service.key, destination)) ?? 0) === slots[at],
  )
}

/** Whether both tables, that of translations and that of direct routing, do what the records say. */
function isWhole(
  service: Service,
  routed: ReadonlySet<string>,
  rules: readonly Rule[],
  gate: Chains,
): boolean {
  const isRouted = (destination: Destination): boolean =>
    routed.has(destinationChain(service.key, destination))
  const translated = { ...service, destinations: service.destinations.filter(each => !isRouted(each)) }
  if (!picksAsRecorded(translated, rules, () => true)) return false
  if (routed.size === 0) return true
  const chain = serviceChain(service.key)
  return (
    targets((gate.get(CHOOSING) ?? []).map(rule => rule.expr)).includes(chain) &&
    gate.has(ARRIVING) &&
    gate.has(knownChain(service)) &&
    [...routed].every(name => gate.has(name)) &&
    picksAsRecorded(service, gate.get(chain) ?? [], isRouted)
  )
}

export interface Ruleset {
  readonly table: Table
  /** Services whose rules were edited by hand. */
  readonly ruins: readonly Service[]
}

/** @param gateTexts the tables of direct routing, by family, where there are any */
export function parseRuleset(
  text: string,
  gateTexts: Partial<Readonly<Record<4 | 6, string>>> = {},
): Ruleset {
  const chains = rulesByChain(text)
  const none: Chains = new Map()
  const gates = {
    4: gateTexts[4] === undefined ? none : rulesByChain(gateTexts[4]),
    6: gateTexts[6] === undefined ? none : rulesByChain(gateTexts[6]),
  }
  const dispatched = new Set(targets((chains.get(DISPATCH) ?? []).map(rule => rule.expr)))
  const below = destinationsBelow(chains)
  const services: Service[] = []
  const ruins: Service[] = []
  for (const [name, rules] of chains) {
    if (name.includes('/') || !dispatched.has(name)) continue
    const recorded = serviceOfRecord(rules[0]?.comment ?? '')
    if (recorded === null || serviceChain(recorded.key) !== name) continue
    const { destinations, routed } = below.get(name) ?? { destinations: [], routed: new Set<string>() }
    const service = { ...recorded, destinations }
    const stands = isWhole(service, routed, rules, gates[service.key.family])
    ;(stands ? services : ruins).push(service)
  }
  return { table: { services }, ruins }
}

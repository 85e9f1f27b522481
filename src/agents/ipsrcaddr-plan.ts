/**
 * IPsrcaddr's decisions: the routes through the interface of a service address get it as their preferred source, so
 * that connections of this machine come from it. As measured on the original: the default route and the route of the
 * address's own network; a stop gives them back to the interface's first address of that network.
 */

import { inSameNetwork, isIPv4 } from '../base/ipv4.js'
import { findAddress } from './address-plan.js'
import type { HostAddress, HostFacts } from './host-facts.js'
import { OCF_EXIT } from './outcome.js'

export interface Route {
  /** `default` or network/prefix. */
  readonly destination: string
  readonly gateway: string | null
  readonly nic: string
  readonly source: string | null
  /** Further words of the route that must be repeated: metric, proto, scope, onlink. */
  readonly words: readonly string[]
}

export type RoutePlan =
  | { readonly kind: 'refuse'; readonly exitCode: number; readonly because: string }
  | { readonly kind: 'run'; readonly commands: readonly (readonly string[])[] }

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** From `ip -j -4 route show`. Routes over several gateways at once are left alone. */
export function readSourceRoutes(json: string): Route[] {
  let found: unknown
  try {
    found = JSON.parse(json)
  } catch {
    return [] // an ip without -j, or no answer: nothing is known then
  }
  if (!Array.isArray(found)) return []
  const routes: Route[] = []
  for (const route of found as Record<string, unknown>[]) {
    const destination = text(route?.dst)
    const nic = text(route?.dev)
    if (destination === null || nic === null || text(route.type) !== null) continue
    const words: string[] = []
    if (text(route.protocol) !== null) words.push('proto', String(route.protocol))
    if (text(route.scope) !== null) words.push('scope', String(route.scope))
    if (typeof route.metric === 'number') words.push('metric', String(route.metric))
    if (Array.isArray(route.flags) && route.flags.includes('onlink')) words.push('onlink')
    routes.push({ destination, gateway: text(route.gateway), nic, source: text(route.prefsrc), words })
  }
  return routes
}

function withSource(route: Route, source: string | null): string[] {
  const via = route.gateway === null ? [] : ['via', route.gateway]
  const from = source === null ? [] : ['src', source]
  return ['-4', 'route', 'replace', route.destination, ...via, 'dev', route.nic, ...route.words, ...from]
}

const served = (address: string, facts: HostFacts): HostAddress | undefined =>
  findAddress({ address, prefix: null, nic: null, label: null, broadcast: null, warnings: [] }, facts)

function isOwnNetwork(route: Route, at: HostAddress): boolean {
  const [network = '', prefix = ''] = route.destination.split('/')
  return (
    route.gateway === null && Number(prefix) === at.prefix && inSameNetwork(network, at.address, at.prefix)
  )
}

export function parseSource(args: readonly string[]): string | { readonly problem: string } {
  const [address = ''] = args
  return isIPv4(address) ? address : { problem: `Invalid IP address [${address}]: IPsrcaddr wants 10.0.0.1` }
}

/** Whether this machine's default route prefers the address. */
export function prefers(address: string, routes: readonly Route[]): boolean {
  return routes.some(route => route.destination === 'default' && route.source === address)
}

export function planSourceStart(address: string, facts: HostFacts, routes: readonly Route[]): RoutePlan {
  const at = served(address, facts)
  if (!at) {
    const because = `We are not serving [${address}], hence can not make it a preferred source address: put its IPaddr2 before it in the group` // biome-ignore format: one sentence
    return { kind: 'refuse', exitCode: OCF_EXIT.installed, because }
  }
  const ours = routes.filter(route => route.nic === at.nic)
  const defaults = ours.filter(route => route.destination === 'default')
  if (defaults.length === 0) {
    const because = `no matching route exists: no default route leaves through ${at.nic}, where ${address} is; add one`
    return { kind: 'refuse', exitCode: OCF_EXIT.generic, because }
  }
  const networks = ours.filter(route => isOwnNetwork(route, at))
  const changed = [...networks, ...defaults].filter(route => route.source !== address)
  return { kind: 'run', commands: changed.map(route => withSource(route, address)) }
}

export function planSourceStop(address: string, facts: HostFacts, routes: readonly Route[]): RoutePlan {
  const ours = routes.filter(route => route.source === address)
  const commands = ours.map(route => {
    const gateway = route.gateway ?? route.destination.split('/')[0] ?? ''
    const primary = facts.addresses.find(
      at => at.nic === route.nic && at.address !== address && inSameNetwork(at.address, gateway, at.prefix),
    )
    return withSource(route, primary?.address ?? null)
  })
  return { kind: 'run', commands }
}

/** What the tests of nftables share: services and servers in few words, and a street that is told what to do. */
import type { ExecutionContext } from 'ava'
import type { Destination, Edit, Service, ServiceKey } from '../../../src/ldirectord/core/table.js'
import { destinationOf, serviceOf } from '../../ldirectord/proxy/table-values.js'
import type { Target } from './station.js'
import { realAddress, type Street, street, VIRTUAL } from './street.js'

export const web: ServiceKey = { protocol: 'tcp', family: 4, address: VIRTUAL, port: 80 }
export const toWeb: Target = { protocol: 'tcp', address: VIRTUAL, port: 80 }

export const service = (key: ServiceKey, over: Partial<Service> = {}): Service =>
  serviceOf(key, { scheduler: 'wrr', ...over })
export const server = (n: number, weight = 1, over: Partial<Destination> = {}): Destination =>
  destinationOf(realAddress(n), 8080, { weight, ...over })

export class Scene {
  readonly #t: ExecutionContext
  readonly #street: Street

  constructor(t: ExecutionContext, place: Street) {
    this.#t = t
    this.#street = place
  }

  async apply(...edits: Edit[]): Promise<void> {
    const errors = await this.#street.director.tell({ op: 'apply', edits })
    this.#t.deepEqual(
      errors,
      edits.map(() => null),
    )
  }

  add(made: Service, ...destinations: Destination[]): Promise<void> {
    const { key } = made
    return this.apply(
      { kind: 'addService', service: made },
      ...destinations.map(destination => ({ kind: 'addDestination' as const, key, destination })),
    )
  }

  weigh(key: ServiceKey, destination: Destination): Promise<void> {
    return this.apply({ kind: 'editDestination', key, destination })
  }

  async ask(times: number, target: Target = toWeb): Promise<string[]> {
    return (await this.#street.client.tell({ op: 'ask', target, times })) as string[]
  }

  open = (id: string, target: Target = toWeb) => this.#street.client.tell({ op: 'open', id, target })
  say = (id: string) => this.#street.client.tell({ op: 'say', id })
}

export const tally = (answers: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const answer of [...answers].sort()) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}

/**
 * Three servers behind a service with persistence by a mask: a client and its neighbour of the mask have come to one of
 * them, a third client to another.
 */
export async function boundClients(
  t: ExecutionContext,
  act: Scene,
  director: Street['director'],
  serverOf: (n: number) => Destination,
) {
  await act.add(
    service(web, { persistentSeconds: 300, netmask: '255.255.255.254' }),
    ...[1, 2, 3].map(serverOf),
  )
  const from = (host: number): Target => ({ ...toWeb, from: `10.98.0.${host}` })
  const [mine] = await act.ask(1, from(2))
  t.deepEqual(tally(await act.ask(5, from(3))), { [mine!]: 5 })
  t.not((await act.ask(1, from(4)))[0], mine)
  const chosen = Number(mine!.at(-1))
  const { address, port } = serverOf(chosen)
  const templates = (await director.tell({ op: 'bindings' })) as [string, number][]
  t.true(templates.some(([id, count]) => id === `tcp:${VIRTUAL}:80 ${address}:${port}` && count === 1))
  return { from, mine, chosen }
}

/** Each real server answers on TCP 8080 and UDP 8053; in a segment also where the clients ask: 80 and 53. */
export async function scene(
  t: ExecutionContext,
  shape: 'routed' | 'segment' = 'routed',
): Promise<[Scene, Street]> {
  const place = await street(t, 3, shape)
  for (const real of place.reals) {
    if (shape === 'routed') {
      await real.tell({ op: 'serve', protocol: 'tcp', port: 8080 })
      await real.tell({ op: 'serve', protocol: 'udp', port: 8053 })
    } else {
      for (const port of [80, 443]) await real.tell({ op: 'serve', protocol: 'tcp', port })
      await real.tell({ op: 'serve', protocol: 'udp', port: 53, address: VIRTUAL })
    }
  }
  return [new Scene(t, place), place]
}

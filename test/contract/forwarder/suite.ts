/**
 * What every forwarder must do: one suite for kernel IPVS, nftables, the user-space proxy and the table in memory.
 * `forwarderContract(test, 'proxy', open)` registers the tests; `open` gives a forwarder with an empty table and a way
 * to clean up. Addresses are of 127.0.0.0/8, so a forwarder that really listens can take them.
 */
import type { ExecutionContext } from 'ava'
import { reconcile } from '../../../src/ldirectord/core/reconcile.js'
import {
  type Destination,
  type Edit,
  endpoint,
  type Service,
  type ServiceKey,
  serviceId,
  type Table,
} from '../../../src/ldirectord/core/table.js'
import type { Forwarder } from '../../../src/ldirectord/forwarders/forwarder.js'
import { assertRandomEdits } from './random-edits.js'

export interface ContractOptions {
  /** Ports of the services that the tests add, so that a forwarder that listens gets free ones. */
  readonly ports: readonly [number, number]
  /** What this forwarder cannot show: schedulers other than these are not asked of it. */
  readonly schedulers: readonly [string, string]
  /** All that it has, with flags. Default: the kernel's. */
  readonly everyScheduler?: readonly (readonly [string, string])[]
  /** The forwarding method of its destinations. */
  readonly method: Destination['method']
  /** Their addresses without the last number. Default `127.0.2`, where a forwarder can really connect. */
  readonly network?: string
  /** Methods that it has beside. Default: all. */
  readonly others?: readonly Destination['method'][]
  /** Whether marks, persistence masks and scheduler flags exist. */
  readonly isKernel: boolean
  /** A batch of ipvsadm tries what was refused once more at its end, when it may be possible. Default true. */
  readonly takesNonsense?: boolean
  /** Fewer where each takes a process of Python. Default 40. */
  readonly randomRuns?: number
}

/** ava's, or that of the tests against peers. */
export interface Tests {
  readonly serial: (title: string, run: (t: ExecutionContext) => Promise<void>) => void
}

export interface Opened {
  readonly forwarder: Forwarder
  readonly close: () => Promise<void>
}

const signal = new AbortController().signal

/** Those of the kernel, with the flags that ipvsadm(8) has for them. */
const KERNEL_SCHEDULERS: readonly (readonly [string, string])[] = [
  ...['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sed', 'nq', 'fo', 'ovf'].map(
    name => [name, ''] as const,
  ),
  ...['', 'sh-fallback', 'sh-port', 'sh-fallback,sh-port'].map(flags => ['sh', flags] as const),
  ...['', 'mh-fallback', 'mh-port', 'mh-fallback,mh-port'].map(flags => ['mh', flags] as const),
]

/** Order does not count: a table is a set of services with sets of destinations. */
export function sorted(table: Table): Service[] {
  return table.services
    .map(service => ({
      ...service,
      destinations: [...service.destinations].sort((a, b) =>
        endpoint(a.address, a.port).localeCompare(endpoint(b.address, b.port)),
      ),
    }))
    .sort((a, b) => serviceId(a.key).localeCompare(serviceId(b.key)))
}

export function forwarderContract(
  test: Tests,
  name: string,
  options: ContractOptions,
  open: (t: ExecutionContext) => Promise<Opened>,
): void {
  const [port, otherPort] = options.ports
  const [scheduler, otherScheduler] = options.schedulers
  const { network = '127.0.2' } = options
  const key: ServiceKey = { protocol: 'tcp', family: 4, address: '127.0.1.77', port }
  const service = (over: Partial<Service> = {}): Service => ({
    key,
    scheduler,
    persistentSeconds: null,
    netmask: null,
    schedulerFlags: '',
    ops: false,
    destinations: [],
    ...over,
  })
  const server = (host: number, weight: number): Destination => ({
    address: `${network}.${host}`,
    port: options.method === 'masq' ? 8080 : port,
    method: options.method,
    weight,
    upper: 0,
    lower: 0,
  })
  /** A method beside that of the others, where there is one. */
  const other = (method: 'gate' | 'ipip'): Destination['method'] =>
    options.others === undefined || options.others.includes(method) ? method : options.method
  const add = (destination: Destination): Edit => ({ kind: 'addDestination', key, destination })
  const claim = (title: string, run: (t: ExecutionContext, forwarder: Forwarder) => Promise<void>) =>
    test.serial(`${name}: ${title}`, async t => {
      const { forwarder, close } = await open(t)
      try {
        await run(t, forwarder)
      } finally {
        await close()
      }
    })

  claim('a new forwarder shows an empty table', async (t, forwarder) => {
    t.deepEqual((await forwarder.read(signal)).services, [])
  })

  claim('what was added is shown', async (t, forwarder) => {
    const edits: Edit[] = [{ kind: 'addService', service: service() }, add(server(1, 3)), add(server(2, 0))]
    t.deepEqual(
      (await forwarder.apply(edits, signal)).map(result => result.error),
      [null, null, null],
    )
    t.deepEqual(sorted(await forwarder.read(signal)), [
      service({ destinations: [server(1, 3), server(2, 0)] }),
    ])
  })

  claim('an edited weight, and an edited service, are shown; servers stay', async (t, forwarder) => {
    await forwarder.apply([{ kind: 'addService', service: service() }, add(server(1, 3))], signal)
    const results = await forwarder.apply(
      [
        { kind: 'editDestination', key, destination: server(1, 0) },
        { kind: 'editService', service: service({ scheduler: otherScheduler }) },
      ],
      signal,
    )
    t.deepEqual(
      results.map(result => result.error),
      [null, null],
    )
    t.deepEqual(sorted(await forwarder.read(signal)), [
      service({ scheduler: otherScheduler, destinations: [server(1, 0)] }),
    ])
  })

  claim('a single edit and a batch of edits do the same', async (t, forwarder) => {
    const edits: Edit[] = [{ kind: 'addService', service: service() }, add(server(1, 1)), add(server(2, 1))]
    for (const edit of edits) t.is((await forwarder.apply([edit], signal))[0]!.error, null)
    t.deepEqual(sorted(await forwarder.read(signal)), [
      service({ destinations: [server(1, 1), server(2, 1)] }),
    ])
  })

  claim('a refused edit says why and does not stop the others', async (t, forwarder) => {
    await forwarder.apply([{ kind: 'addService', service: service() }, add(server(1, 1))], signal)
    const results = await forwarder.apply(
      [{ kind: 'editDestination', key, destination: server(9, 1) }, add(server(2, 1))],
      signal,
    )
    t.deepEqual(
      results.map(result => result.error === null),
      [false, true],
    )
    t.regex(results[0]!.error!, /No such destination/)
    t.is((await forwarder.read(signal)).services[0]!.destinations.length, 2)
  })

  claim('one refused edit alone says why', async (t, forwarder) => {
    const [result] = await forwarder.apply([add(server(1, 1))], signal)
    t.regex(result!.error!, /Service not defined/)
  })

  claim('results come in the order of the edits', async (t, forwarder) => {
    const edits: Edit[] = [{ kind: 'addService', service: service() }, add(server(1, 1)), add(server(2, 1))]
    t.deepEqual(
      (await forwarder.apply(edits, signal)).map(result => result.edit),
      edits,
    )
  })

  claim('a deleted service takes its servers along; another one stays', async (t, forwarder) => {
    const other = service({ key: { ...key, port: otherPort } })
    await forwarder.apply(
      [{ kind: 'addService', service: service() }, add(server(1, 1)), { kind: 'addService', service: other }],
      signal,
    )
    await forwarder.apply([{ kind: 'deleteService', key }], signal)
    t.deepEqual(sorted(await forwarder.read(signal)), [other])
  })

  claim('counters name every destination of the table', async (t, forwarder) => {
    await forwarder.apply([{ kind: 'addService', service: service() }, add(server(1, 1))], signal)
    const counters = await forwarder.counters(signal)
    t.deepEqual(
      counters.map(entry => [serviceId(entry.key), entry.address, entry.activeConnections]),
      [[serviceId(key), `${network}.1`, 0]],
    )
  })

  claim('reconcile finds nothing to do in a table that was just reached', async (t, forwarder) => {
    const desired: Table = { services: [service({ destinations: [server(1, 2), server(2, 0)] })] }
    const owned = new Set([serviceId(key)])
    await forwarder.apply(reconcile(desired, await forwarder.read(signal), owned), signal)
    t.deepEqual(reconcile(desired, await forwarder.read(signal), owned), [])
  })

  claim(
    'every scheduler, with its flags, is shown as it was asked for, also after an edit',
    async (t, forwarder) => {
      const kinds = options.everyScheduler ?? KERNEL_SCHEDULERS
      for (const [kind, turn] of [['addService', 0] as const, ['editService', 1] as const]) {
        const services = kinds.map((_, at) => {
          const [scheduler, schedulerFlags] = kinds[(at + turn) % kinds.length]!
          const address = `127.0.1.${100 + at}`
          return service({ key: { ...key, address }, scheduler, schedulerFlags })
        })
        const edits = services.map(made => ({ kind, service: made }))
        const results = await forwarder.apply(edits, signal)
        t.deepEqual(results.map(({ error }) => error).filter(Boolean), [])
        t.deepEqual(sorted(await forwarder.read(signal)), sorted({ services }))
      }
    },
  )

  claim('any batches of edits make the table that they make in memory', async (t, forwarder) => {
    const twin: ServiceKey = { ...key, port: otherPort }
    const kernelKeys: ServiceKey[] = [
      { protocol: 'fwm', family: 4, mark: 7 },
      { protocol: 'udp', family: 6, address: 'fd00:1::1', port: 53 },
    ]
    await t.notThrowsAsync(
      assertRandomEdits(forwarder, {
        keys: [key, twin, ...(options.isKernel ? kernelKeys : [])],
        schedulers: options.schedulers,
        method: options.method,
        network,
        isKernel: options.isKernel,
        takesNonsense: options.takesNonsense ?? true,
        runs: options.randomRuns ?? 40,
      }),
    )
  })

  if (!options.isKernel) return
  claim('persistence, masks, flags, one-packet, marks, IPv6 and thresholds survive', async (t, forwarder) => {
    const services: Service[] = [
      service({ persistentSeconds: 600, netmask: '255.255.255.0' }),
      service({
        key: { protocol: 'udp', family: 4, address: '127.0.1.77', port: 53 },
        ops: true,
      }),
      service({
        key: { protocol: 'fwm', family: 4, mark: 7 },
        scheduler: 'sh',
        schedulerFlags: 'sh-fallback,sh-port',
        destinations: [{ ...server(1, 4), port: 0, method: other('ipip'), upper: 20, lower: 10 }],
      }),
      service({ key: { protocol: 'fwm', family: 6, mark: 8 } }),
      service({
        key: { protocol: 'tcp', family: 6, address: 'fd00:1::1', port },
        persistentSeconds: 60,
        netmask: '64',
        destinations: [
          { ...server(1, 1), address: 'fd00:2::1', port, method: other('gate'), upper: 7 },
          { ...server(1, 0), address: 'fd00:2::2', port, method: other('gate'), upper: 30_000, lower: 1 },
        ],
      }),
    ]
    const results = await forwarder.apply(reconcile({ services }, { services: [] }, new Set()), signal)
    t.deepEqual(
      results.filter(result => result.error !== null),
      [],
    )
    t.deepEqual(sorted(await forwarder.read(signal)), sorted({ services }))
  })
}

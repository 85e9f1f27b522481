/**
 * A law of every forwarder: whatever batches of edits it is given, sensible or not, its table is the one that the same
 * edits make in memory, and it refuses what the model refuses. The model is core/edit-table, held against ipvsadm.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { applyEdit } from '../../../src/ldirectord/core/edit-table.js'
import {
  type Destination,
  type Edit,
  endpoint,
  type ServiceKey,
  serviceId,
  type Table,
} from '../../../src/ldirectord/core/table.js'
import type { Forwarder } from '../../../src/ldirectord/forwarders/forwarder.js'

export interface RandomEditsOptions {
  readonly keys: readonly [ServiceKey, ...ServiceKey[]]
  readonly schedulers: readonly string[]
  readonly method: Destination['method']
  readonly network: string
  /** Whether persistence masks exist. */
  readonly isKernel: boolean
  /** Whether edits that cannot be done are among them. */
  readonly takesNonsense: boolean
  readonly runs: number
}

function editsOf({ keys, schedulers, method, network, isKernel }: RandomEditsOptions): fc.Arbitrary<Edit> {
  const key = fc.constantFrom(...keys)
  const destinationOf = (service: ServiceKey): fc.Arbitrary<Destination> =>
    fc.record({
      address: fc.constantFrom(
        ...(service.family === 6 ? ['fd00:2::1', 'fd00:2::2'] : [1, 2, 3].map(host => `${network}.${host}`)),
      ),
      port: fc.constant(service.protocol === 'fwm' ? 0 : service.port),
      method: fc.constant(method),
      weight: fc.constantFrom(0, 1, 2, 7, 65_535),
      upper: fc.constant(0),
      lower: fc.constant(0),
    })
  const service = key.chain(chosen =>
    fc.record({
      key: fc.constant(chosen),
      scheduler: fc.constantFrom(...schedulers),
      persistentSeconds: fc.constantFrom(null, 60, 600),
      netmask: fc.constant(null),
      schedulerFlags: fc.constant(''),
      ops: fc.constant(false),
      destinations: fc.constant([]),
    }),
  )
  const masked = service.chain(made =>
    made.persistentSeconds === null || !isKernel
      ? fc.constant(made)
      : fc
          .constantFrom(null, made.key.family === 6 ? '64' : '255.255.255.0')
          .map(netmask => ({ ...made, netmask })),
  )
  const serviceKind = fc.constantFrom('addService' as const, 'editService' as const)
  const destinationKind = fc.constantFrom(
    'addDestination' as const,
    'editDestination' as const,
    'deleteDestination' as const,
  )
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: serviceKind, service: masked }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteService' as const), key }) },
    {
      weight: 8,
      arbitrary: key.chain(chosen =>
        fc.record({ kind: destinationKind, key: fc.constant(chosen), destination: destinationOf(chosen) }),
      ),
    },
  )
}

const inOrder = ({ services }: Table) =>
  services
    .map(service => ({
      ...service,
      destinations: [...service.destinations].sort((a, b) =>
        endpoint(a.address, a.port) < endpoint(b.address, b.port) ? -1 : 1,
      ),
    }))
    .sort((a, b) => (serviceId(a.key) < serviceId(b.key) ? -1 : 1))

/** Throws with the smallest sequence found that breaks the law. */
export async function assertRandomEdits(forwarder: Forwarder, options: RandomEditsOptions): Promise<void> {
  const signal = new AbortController().signal
  await fc.assert(
    fc.asyncProperty(fc.array(editsOf(options), { minLength: 1, maxLength: 8 }), async made => {
      let model = await forwarder.read(signal)
      // Ordinary objects: fast-check also makes some without a prototype.
      const judged = structuredClone(made).map(edit => {
        const { table, error } = applyEdit(model, edit)
        model = table
        return { edit, isRefused: error !== null }
      })
      const given = judged.filter(({ isRefused }) => options.takesNonsense || !isRefused)
      const edits = given.map(({ edit }) => edit)
      const refusals = given.map(({ isRefused }) => isRefused)
      const results = await forwarder.apply(edits, signal)
      const told = JSON.stringify(results.map(({ error }) => error !== null))
      if (told !== JSON.stringify(refusals))
        throw new Error(`refused ${told}, expected ${JSON.stringify(refusals)}`)
      const actual = inOrder(await forwarder.read(signal))
      const expected = inOrder(model)
      if (!isDeepStrictEqual(actual, expected))
        throw new Error(`the table is ${JSON.stringify(actual)}\nexpected ${JSON.stringify(expected)}`)
    }),
    {
      numRuns: options.runs,
      interruptAfterTimeLimit: 30_000,
      markInterruptAsFailure: false,
      includeErrorInReport: true,
    },
  )
}

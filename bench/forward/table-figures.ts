/** The part `table`, inside the namespace or the guest: `table-figures.js nft|ipvs` prints its figures as JSON. */
import { subscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { reconcile } from '../../src/ldirectord/core/reconcile.js'
import type { Edit, Service, ServiceKey, Table } from '../../src/ldirectord/core/table.js'
import { IPVSADM_PATHS, ipvsForwarder } from '../../src/ldirectord/forwarders/ipvs.js'
import { NFT_PATHS, nftForwarder } from '../../src/ldirectord/forwarders/nft/nft.js'
import { median } from '../report.js'

const SERVICES = 100
const REALS = 100
const EDITS = 7

export interface TableFigures {
  readonly name: string
  readonly load: { readonly ms: number; readonly processes: number }
  readonly read: { readonly ms: number }
  /** The median, and the processes of one. */
  readonly edit: { readonly ms: number; readonly longestMs: number; readonly processes: number }
}

const OPENERS = {
  nft: { paths: NFT_PATHS, open: nftForwarder },
  ipvs: { paths: IPVSADM_PATHS, open: ipvsForwarder },
} as const

const keyOf = (n: number): ServiceKey => ({
  protocol: 'tcp',
  family: 4,
  address: `10.90.0.${n + 1}`,
  port: 80,
})
const destination = (n: number, real: number, weight: number) => ({
  address: `10.91.${n}.${real + 1}`,
  port: 80,
  method: 'masq' as const,
  weight,
  upper: 0,
  lower: 0,
})
const service = (n: number): Service => ({
  key: keyOf(n),
  scheduler: 'wrr',
  persistentSeconds: null,
  netmask: null,
  schedulerFlags: '',
  ops: false,
  destinations: Array.from({ length: REALS }, (_, real) => destination(n, real, 1)),
})

let processes = 0
subscribe('child_process', () => processes++)
const signal = AbortSignal.timeout(120_000)

async function timed(work: () => Promise<unknown>): Promise<{ ms: number; processes: number }> {
  const before = { ms: performance.now(), processes }
  await work()
  return { ms: performance.now() - before.ms, processes: processes - before.processes }
}

const name = process.argv[2] === 'ipvs' ? 'ipvs' : 'nft'
const { paths, open } = OPENERS[name]
const forwarder = open(paths.find(existsSync) ?? paths[0]!)

async function apply(edits: readonly Edit[]): Promise<void> {
  const failed = (await forwarder.apply(edits, signal)).find(({ error }) => error !== null)
  if (failed) throw new Error(failed.error!)
}

const wanted: Table = { services: Array.from({ length: SERVICES }, (_, n) => service(n)) }
const first = await timed(() => apply(reconcile(wanted, { services: [] }, new Set())))
const shown = await timed(async () => {
  const { services } = await forwarder.read(signal)
  const reals = services.reduce((sum, { destinations }) => sum + destinations.length, 0)
  if (reals !== SERVICES * REALS) throw new Error(`the table shows ${reals} real servers`)
})
const edits: { ms: number; processes: number }[] = []
for (let turn = 0; turn < EDITS; turn++) {
  const n = turn * 13
  edits.push(
    await timed(() =>
      apply([{ kind: 'editDestination', key: keyOf(n), destination: destination(n, turn, turn % 2) }]),
    ),
  )
}
const times = edits.map(({ ms }) => ms)
const figures: TableFigures = {
  name,
  load: first,
  read: { ms: shown.ms },
  edit: { ms: median(times), longestMs: Math.max(...times), processes: edits[0]!.processes },
}
process.stdout.write(JSON.stringify(figures))

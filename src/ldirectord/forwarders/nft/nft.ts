/**
 * Virtual services by nftables, for kernels without IPVS: a table of our own, changed by one `nft -f` for each batch of
 * edits, so that traffic sees the old table or the new one. The kernel holds the only state; edits are made on what was
 * last read, and when the kernel refuses them the table is read again before they are tried service by service.
 */
import { networkInterfaces } from 'node:os'
import { type CommandResult, runCommand } from '../../../base/io/run-command.js'
import { canonicalAddress } from '../../core/address.js'
import { editTogether } from '../../core/edit-table.js'
import { byServiceId } from '../../core/reconcile.js'
import { type Edit, EMPTY_TABLE, endpoint, type Service, serviceId, type Table } from '../../core/table.js'
import type { Bindings, EditResult, Forwarder } from '../forwarder.js'
import { countConnections } from './connections.js'
import { familiesWithGate, GATE_TABLES } from './gate-names.js'
import { parseRuleset, type Ruleset } from './json.js'
import { destinationChain, TABLE } from './names.js'
import { concessions, isRouted, refusal } from './scheduling.js'
import { printTransition } from './text.js'
import { isLoopback } from './words.js'

/** Where nft is looked for, in this order. */
export const NFT_PATHS: readonly string[] = ['/usr/sbin/nft', '/sbin/nft']

const TIMEOUT_MS = 20_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Why a call of nft failed, in one sentence; null when it worked. */
export function explainNftFailure(result: CommandResult): string | null {
  const { exitCode, spawnError, stderr, timedOut, durationMs } = result
  if (spawnError !== null) return `nft cannot be run (${spawnError})`
  if (exitCode === 0) return null
  if (timedOut) return `nft did not end within ${Math.round(durationMs / 1_000)} s`
  if (/not permitted|denied|must be root/i.test(stderr)) return 'nft needs root (CAP_NET_ADMIN)'
  if (/not supported|cache initialization failed/i.test(stderr))
    return `this kernel has no nftables for this: ${firstLine(stderr)}`
  return firstLine(stderr) || `nft ended with status ${exitCode}`
}

/** Without the place in what we sent. */
const firstLine = (text: string): string =>
  (text.trim().split('\n')[0] ?? '').replace(/^\/dev\/stdin:[\d:-]+: /, '').replace(/^Error: /, '')

/** The addresses that are delivered here instead of being sent on. */
function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return new Set(all.map(({ address }) => canonicalAddress(address)))
}

/** The first wish of a table that nftables cannot grant, or null: then another forwarder is the better choice. */
export function nftRefusal(table: Table): string | null {
  const isLocal = localTo(ownAddresses())
  for (const { destinations } of table.services) {
    const refused = destinations.map(destination => refusal(destination, isLocal)).find(Boolean)
    if (refused) return refused
  }
  return null
}

const localTo =
  (own: ReadonlySet<string>) =>
  (address: string): boolean =>
    isLoopback(address) || own.has(address)

/** A table that is only checked, not made: some kernels know tables and not the rules that translate. */
const SAMPLE: Table = {
  services: [
    {
      key: { protocol: 'tcp', family: 4, address: '192.0.2.1', port: 9 },
      scheduler: 'wrr',
      persistentSeconds: null,
      netmask: null,
      schedulerFlags: '',
      ops: false,
      destinations: [1, 2].map(host => ({
        address: `198.51.100.${host}`,
        port: 9,
        method: 'masq',
        weight: 1,
        upper: 0,
        lower: 0,
      })),
    },
  ],
}

/** The same for a rule of direct routing. */
const LOOK = `add table ip systole-look
add chain ip systole-look look { type filter hook prerouting priority 0; }
add rule ip systole-look look dup to 127.0.0.1
`

/** Why this kernel's nftables cannot forward, or (`mustRoute`) not to real servers with gate; or null. */
export async function kernelFailure(
  program: string,
  mustRoute: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  const limits = { timeoutMs: TIMEOUT_MS, outputBytesMax: OUTPUT_BYTES_MAX, signal }
  const checked = async (input: string): Promise<string | null> =>
    explainNftFailure(await runCommand(program, ['-c', '-f', '-'], { ...limits, input }))
  const failure = await checked(printTransition(EMPTY_TABLE, SAMPLE, () => false))
  if (failure !== null || !mustRoute) return failure
  const routing = await checked(LOOK)
  return routing && `nftables of this kernel cannot send on what it does not translate (gate): ${routing}`
}

/** Whether a table has real servers that are reached by direct routing. */
export function routes({ services }: Table): boolean {
  const isLocal = localTo(ownAddresses())
  return services.some(({ destinations }) => destinations.some(each => isRouted(each, isLocal)))
}

export function nftForwarder(program: string): Forwarder {
  /** The kernel's table as this process last saw or made it; null: to be read. */
  let known: Ruleset | null = null

  const run = (args: readonly string[], signal: AbortSignal, input?: string) =>
    runCommand(program, args, {
      timeoutMs: TIMEOUT_MS,
      outputBytesMax: OUTPUT_BYTES_MAX,
      signal,
      ...(input !== undefined && { input }),
    })

  const look = async (signal: AbortSignal): Promise<Ruleset> => {
    const result = await run(['-j', '-t', 'list', 'table', ...TABLE.split(' ')], signal)
    const failure = explainNftFailure(result)
    // Before the first service there is no table.
    if (failure !== null && /No such file or directory/.test(result.stderr))
      known = { table: EMPTY_TABLE, ruins: [] }
    else if (failure !== null) throw new Error(failure)
    else {
      const { table, ruins } = parseRuleset(result.stdout)
      const gates = await listGates(beside(table, ruins), ['-t'], signal)
      known = parseRuleset(result.stdout, gates)
    }
    return known
  }
  const read = async (signal: AbortSignal): Promise<Table> => (await look(signal)).table

  /** The tables of direct routing that stand, of the families that the table needs. */
  const listGates = async (
    table: Table,
    options: readonly string[],
    signal: AbortSignal,
  ): Promise<Partial<Record<4 | 6, string>>> => {
    const texts: Partial<Record<4 | 6, string>> = {}
    for (const family of familiesWithGate(table)) {
      const list = ['-j', ...options, 'list', 'table', ...GATE_TABLES[family].split(' ')]
      const result = await run(list, signal)
      const failure = explainNftFailure(result)
      if (failure === null) texts[family] = result.stdout
      else if (!/No such file or directory/.test(result.stderr)) throw new Error(failure)
    }
    return texts
  }

  const commit = async (from: Table, to: Table, signal: AbortSignal): Promise<string | null> => {
    const script = printTransition(from, to, localTo(ownAddresses()))
    if (script === '') return null
    return explainNftFailure(await run(['-f', '-'], signal, script))
  }

  /** The edits on a table that is as `from` says, as one transaction; a sentence when the kernel refuses it. */
  const transact = async (
    from: Ruleset,
    edits: readonly Edit[],
    signal: AbortSignal,
  ): Promise<EditResult[] | string> => {
    const { table, results } = editedTable(from.table, edits)
    const made = byServiceId(table)
    const ruins = from.ruins.filter(({ key }) => !made.has(serviceId(key)))
    const failure = await commit(beside(from.table, from.ruins), beside(table, ruins), signal)
    known = failure === null ? { table, ruins } : null
    return failure ?? results
  }

  /** Service by service, so that the one that the kernel refuses does not stop the others. */
  const applyApart = async (edits: readonly Edit[], signal: AbortSignal): Promise<EditResult[]> => {
    const results = new Map<Edit, EditResult>()
    for (const ofOneService of byService(edits)) {
      const done = await transact(known ?? (await look(signal)), ofOneService, signal)
      if (typeof done === 'string') for (const edit of ofOneService) results.set(edit, { edit, error: done })
      else for (const result of done) results.set(result.edit, result)
    }
    return edits.map(edit => results.get(edit)!)
  }

  return {
    name: 'nft',
    read,
    concessions,
    async apply(edits, signal) {
      try {
        if (known !== null) {
          const done = await transact(known, edits, signal)
          if (typeof done !== 'string') return done
        }
        // Not known yet, or changed by somebody else since.
        const done = await transact(await look(signal), edits, signal)
        return typeof done === 'string' ? await applyApart(edits, signal) : done
      } catch (error) {
        return edits.map(edit => ({ edit, error: (error as Error).message }))
      }
    },
    async counters(signal) {
      const { table } = known ?? (await look(signal))
      return countConnections(table, Object.values(await listGates(table, [], signal)), signal)
    },
    async bindings(signal): Promise<Bindings | null> {
      const { table } = known ?? (await look(signal))
      const persistent = table.services.filter(({ persistentSeconds }) => persistentSeconds !== null)
      if (persistent.length === 0) return { expiresQuiescent: false, templates: new Map() }
      const { exitCode, stdout } = await run(['-j', 'list', 'table', ...TABLE.split(' ')], signal)
      if (exitCode !== 0) return null
      const texts = [stdout, ...Object.values(await listGates(table, [], signal))]
      return { expiresQuiescent: false, templates: clientCounts(texts, persistent) }
    },
    async close() {},
  }
}

const beside = ({ services }: Table, ruins: readonly Service[]): Table => ({
  services: [...services, ...ruins],
})

/** What each edit does to the table; refused ones do nothing and say why. */
function editedTable(from: Table, edits: readonly Edit[]): { table: Table; results: EditResult[] } {
  const isLocal = localTo(ownAddresses())
  const refusals = new Map<Edit, string>()
  for (const edit of edits) {
    const wish = 'destination' in edit && edit.kind !== 'deleteDestination' ? edit.destination : null
    const refused = wish && refusal(wish, isLocal)
    if (refused) refusals.set(edit, refused)
  }
  const possible = edits.filter(edit => !refusals.has(edit))
  const { table, errors } = editTogether(from, possible)
  possible.forEach((edit, at) => {
    if (errors[at] !== null) refusals.set(edit, errors[at]!)
  })
  return { table, results: edits.map(edit => ({ edit, error: refusals.get(edit) ?? null })) }
}

function byService(edits: readonly Edit[]): Edit[][] {
  const groups = new Map<string, Edit[]>()
  for (const edit of edits) {
    const id = serviceId('service' in edit ? edit.service.key : edit.key)
    groups.set(id, [...(groups.get(id) ?? []), edit])
  }
  return [...groups.values()]
}

/** Persistent clients by `SERVICE DESTINATION`, counted in the sets of the destinations: each is in use in one table. */
function clientCounts(texts: readonly string[], services: readonly Service[]): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const text of texts) {
    const { nftables } = JSON.parse(text) as { nftables: { set?: { name: string; elem?: unknown[] } }[] }
    for (const { set } of nftables) {
      if (set) sizes.set(set.name, (sizes.get(set.name) ?? 0) + (set.elem?.length ?? 0))
    }
  }
  const counts = new Map<string, number>()
  for (const { key, destinations } of services) {
    for (const destination of destinations) {
      const size = sizes.get(destinationChain(key, destination)) ?? 0
      if (size > 0) counts.set(`${serviceId(key)} ${endpoint(destination.address, destination.port)}`, size)
    }
  }
  return counts
}

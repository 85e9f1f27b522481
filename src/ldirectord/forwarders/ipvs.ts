/**
 * The kernel's IPVS, through ipvsadm(8). One edit is one call; several are one `ipvsadm -R`, which costs a process
 * instead of a process per server. -R tells neither which line failed nor, by its status, that any did, so as soon as
 * it says anything the table is read again and what is not in effect is tried once more by itself, for its own words.
 */
import { type CommandResult, runCommand } from '../../base/io/run-command.js'
import { byServiceId, sameDestination, sameService } from '../core/reconcile.js'
import { type Destination, type Edit, endpoint, serviceId, type Table } from '../core/table.js'
import * as lines from '../log-lines.js'
import type { EditResult, Forwarder } from './forwarder.js'
import { readBindings } from './ipvs-bindings.js'
import { parseCounters, parseSaved, printEdit, withThresholds } from './ipvs-text.js'

/** Where ipvsadm is looked for, in this order. */
export const IPVSADM_PATHS: readonly string[] = ['/sbin/ipvsadm', '/usr/sbin/ipvsadm']

const TIMEOUT_MS = 20_000
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
/** Lines of one -R, and single calls after a failed one: a rejected batch must not become a thousand processes. */
const BATCH_EDITS_MAX = 10_000
const SINGLE_RETRIES_MAX = 50

type Ended = Pick<CommandResult, 'exitCode' | 'spawnError' | 'stderr' | 'timedOut' | 'durationMs'>

/** Why a call of ipvsadm failed, in one sentence; null when it worked. */
export function explainFailure(result: Ended): string | null {
  const { exitCode, spawnError, stderr } = result
  if (spawnError !== null) return `ipvsadm cannot be run (${spawnError})`
  if (exitCode === 0) return null
  if (result.timedOut) return `ipvsadm did not end within ${Math.round(result.durationMs / 1_000)} s`
  if (/initialize ipvs|IP Virtual Server is built|FATAL: Module/i.test(stderr)) {
    if (/not permitted|denied/i.test(stderr)) return 'ipvsadm needs root (CAP_NET_ADMIN)'
    return 'this kernel has no IPVS (module ip_vs): load it, or set forwarder=proxy'
  }
  if (/not permitted|denied|must be root/i.test(stderr)) return 'ipvsadm needs root (CAP_NET_ADMIN)'
  return stderr.trim().split('\n')[0] || `ipvsadm ended with status ${exitCode}`
}

/** Whether the table shows that the edit took effect. */
function isInEffect(edit: Edit, table: Table): boolean {
  const service = byServiceId(table).get(serviceId('service' in edit ? edit.service.key : edit.key))
  if (edit.kind === 'deleteService') return service === undefined
  if (service === undefined) return edit.kind === 'deleteDestination'
  if (edit.kind === 'addService' || edit.kind === 'editService') return sameService(service, edit.service)
  const entry = service.destinations.find(
    (candidate: Destination) =>
      endpoint(candidate.address, candidate.port) ===
      endpoint(edit.destination.address, edit.destination.port),
  )
  if (edit.kind === 'deleteDestination') return entry === undefined
  return entry !== undefined && sameDestination(entry, edit.destination)
}

/** The entry that an edit is about. */
function subject(edit: Edit): string {
  if ('service' in edit) return serviceId(edit.service.key)
  const place = edit.kind === 'deleteService' ? '' : endpoint(edit.destination.address, edit.destination.port)
  return `${serviceId(edit.key)} ${place}`.trim()
}

export function ipvsForwarder(program: string, timeoutMs = TIMEOUT_MS): Forwarder {
  const run = (args: readonly string[], signal: AbortSignal, input?: string) =>
    runCommand(program, args, {
      timeoutMs,
      outputBytesMax: OUTPUT_BYTES_MAX,
      signal,
      ...(input !== undefined && { input }),
    })

  const shown = async (args: readonly string[], signal: AbortSignal): Promise<string> => {
    const result = await run(args, signal)
    const failure = explainFailure(result)
    if (failure !== null) throw new Error(failure)
    return result.stdout
  }

  /** At the last look, or since. */
  let hadServices = false
  const read = async (signal: AbortSignal): Promise<Table> => {
    const thresholds = (): Promise<string> => shown(['-L', '-n', '--thresholds'], signal)
    // Both at the same time, except where the table will be empty, as at most starts.
    const [saved, listed] = await Promise.all([
      shown(['-S', '-n'], signal),
      hadServices ? thresholds() : null,
    ])
    const table = parseSaved(saved)
    hadServices = table.services.length > 0
    return hadServices ? withThresholds(table, listed ?? (await thresholds())) : table
  }

  const outcome = (edit: Edit, failure: string | null): EditResult => ({
    edit,
    error: failure && lines.commandFailed(`${program} ${printEdit(edit).join(' ')}`, failure),
  })
  const applyOne = async (edit: Edit, signal: AbortSignal): Promise<EditResult> =>
    outcome(edit, explainFailure(await run(printEdit(edit), signal)))

  const applyBatch = async (edits: readonly Edit[], signal: AbortSignal): Promise<EditResult[]> => {
    const input = `${edits.map(edit => printEdit(edit).join(' ')).join('\n')}\n`
    const ended = await run(['-R'], signal, input)
    const said = ended.stderr.trim()
    if (ended.exitCode === 0 && said === '') return edits.map(edit => ({ edit, error: null }))
    let failure = explainFailure(ended) ?? said.split('\n')[0]!
    const current = await read(signal)
    const last = new Map(edits.map(edit => [subject(edit), edit]))
    const results: EditResult[] = []
    let retries = SINGLE_RETRIES_MAX
    for (const edit of edits) {
      // An edit that a later one of the batch replaced cannot be seen in the table; then the later one counts.
      if (last.get(subject(edit)) !== edit || isInEffect(edit, current)) results.push(outcome(edit, null))
      else if (retries-- > 0) {
        const alone = await run(printEdit(edit), signal)
        const reason = explainFailure(alone)
        results.push(outcome(edit, reason))
        if (!alone.timedOut || reason === null) continue
        retries = 0 // the next one would wait as long
        failure = reason
      } else results.push(outcome(edit, failure))
    }
    return results
  }

  return {
    name: 'ipvs',
    read,
    async apply(edits, signal) {
      hadServices = true
      const results: EditResult[] = []
      for (let from = 0; from < edits.length; from += BATCH_EDITS_MAX) {
        const batch = edits.slice(from, from + BATCH_EDITS_MAX)
        results.push(
          ...(batch.length === 1 ? [await applyOne(batch[0]!, signal)] : await applyBatch(batch, signal)),
        )
      }
      return results
    },
    async counters(signal) {
      const result = await run(['-L', '-n'], signal)
      return explainFailure(result) === null ? parseCounters(result.stdout) : []
    },
    bindings: readBindings,
    async close() {},
  }
}

/**
 * What ldirectord and its proxy say to each other over the control socket: one JSON value a line, each at most so
 * long. The proxy outlives a restart of ldirectord, perhaps by an upgrade: hence the version in each request. What an
 * upgrade itself needs (hello, handOver, announce) all versions understand.
 */
import type { Edit, Table } from '../../core/table.js'
import { isEdit, isNumber, isRecord } from './edit-shape.js'
import { parseJson } from './json-lines.js'
import type { DestinationCount } from './live-table.js'
import { WORKERS_MAX } from './shared-state.js'

export const CONTROL_VERSION = 2
export const REQUEST_BYTES_MAX = 1_048_576
export const RESPONSE_BYTES_MAX = 67_108_864
/** Edits of one request; with the longest possible names they stay far below the limit. */
export const EDITS_MAX = 500

/** What ldirectord asks. */
export type Question =
  | { readonly op: 'read' | 'counters' }
  | { readonly op: 'apply'; readonly edits: readonly Edit[] }
  /** How many threads are to forward TCP; null: as the proxy thinks best. */
  | { readonly op: 'workers'; readonly count: number | null }
  /** Which program answers here. */
  | { readonly op: 'hello' }
  /** From now on another program is to forward: start it and give it what you listen on. */
  | { readonly op: 'handOver'; readonly node: string; readonly program: string }

export type Request = { readonly version: number; readonly id: number } & (
  | Question
  /** The asker is the process that forwarded here before; what follows on this connection are lines of succession.ts. */
  | { readonly op: 'announce'; readonly pid: number }
)

export type Level = 'info' | 'WARN' | 'ERROR'

export type Response =
  | { readonly id: number; readonly table: Table }
  | { readonly id: number; readonly counters: readonly DestinationCount[] }
  | { readonly id: number; readonly errors: readonly (string | null)[] }
  /** How many it will be; 0: this machine does not offer what they need. */
  | { readonly id: number; readonly workers: number }
  | { readonly id: number; readonly program: string; readonly pid: number }
  | { readonly id: number; readonly successor: number }
  | { readonly id: number; readonly failure: string }
  /** Unasked: something for the log. */
  | { readonly notice: string; readonly level: Level }

export type DecodedRequest = Request | { readonly id: number | null; readonly reason: string }

/** Only the owner of the socket can write to it; what comes is checked all the same, as it may be another version. */
export function decodeRequest(line: string): DecodedRequest {
  const value = parseJson(line)
  if (!isRecord(value)) return { id: null, reason: 'a request is one JSON object on a line' }
  const id = typeof value.id === 'number' ? value.id : null
  if (id === null) return { id, reason: 'a request has a number as its id' }
  const lasting = decodeLasting(value, id)
  if (lasting !== null) return lasting
  if (value.version !== CONTROL_VERSION) {
    return { id, reason: `this proxy speaks version ${CONTROL_VERSION}: restart it` }
  }
  if (value.op === 'read' || value.op === 'counters') return { version: CONTROL_VERSION, id, op: value.op }
  if (value.op === 'workers') {
    const { count } = value
    if (count === null || (isNumber(count, WORKERS_MAX) && count > 0))
      return { version: CONTROL_VERSION, id, op: 'workers', count }
    return { id, reason: `workers wants a count of 1 to ${WORKERS_MAX}, or null` }
  }
  if (value.op !== 'apply') return { id, reason: 'op wants read, apply, counters or workers' }
  const { edits } = value
  if (!Array.isArray(edits) || edits.length > EDITS_MAX || !edits.every(isEdit)) {
    return { id, reason: `edits want a list of at most ${EDITS_MAX} edits` }
  }
  return { version: CONTROL_VERSION, id, op: 'apply', edits }
}

/** The requests that every version understands; null: it is another one. */
function decodeLasting(value: Record<string, unknown>, id: number): DecodedRequest | null {
  if (value.op === 'hello') return { version: CONTROL_VERSION, id, op: 'hello' }
  if (value.op === 'handOver') {
    const { node, program } = value
    if (isPath(node) && isPath(program))
      return { version: CONTROL_VERSION, id, op: 'handOver', node, program }
    return { id, reason: 'handOver wants the paths of node and of the program' }
  }
  if (value.op === 'announce') {
    const { pid } = value
    if (isNumber(pid, 0x7fff_ffff)) return { version: CONTROL_VERSION, id, op: 'announce', pid }
    return { id, reason: 'announce wants a pid' }
  }
  return null
}

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('/') && value.length < 4_096 && !value.includes('\0')

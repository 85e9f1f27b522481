/**
 * What ldirectord and its proxy say to each other over the control socket: one JSON value a line, each at most so
 * long. The proxy outlives a restart of ldirectord, perhaps by an upgrade: hence the version in each request.
 */
import type { Edit, Service, ServiceKey, Table } from '../../core/table.js'
import type { DestinationCount } from './live-table.js'

export const CONTROL_VERSION = 1
export const REQUEST_BYTES_MAX = 1_048_576
export const RESPONSE_BYTES_MAX = 67_108_864
/** Edits of one request; with the longest possible names they stay far below the limit. */
export const EDITS_MAX = 500

export type Request = { readonly version: number; readonly id: number } & (
  | { readonly op: 'read' }
  | { readonly op: 'counters' }
  | { readonly op: 'apply'; readonly edits: readonly Edit[] }
)

export type Level = 'info' | 'WARN' | 'ERROR'

export type Response =
  | { readonly id: number; readonly table: Table }
  | { readonly id: number; readonly counters: readonly DestinationCount[] }
  | { readonly id: number; readonly errors: readonly (string | null)[] }
  | { readonly id: number; readonly failure: string }
  /** Unasked: something for the log. */
  | { readonly notice: string; readonly level: Level }

export const encodeLine = (value: Request | Response): string => `${JSON.stringify(value)}\n`

/** Cuts a stream into lines; null once a line is longer than allowed (the connection is then useless). */
export class LineSplitter {
  readonly #bytesMax: number
  #pieces: Buffer[] = []
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Buffer): string[] | null {
    const lines: string[] = []
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#pieces.push(chunk.subarray(from, end))
      if (this.#length + end - from > this.#bytesMax) return null
      lines.push(Buffer.concat(this.#pieces).toString('utf8'))
      this.#pieces = []
      this.#length = 0
      from = end + 1
    }
    if (from < chunk.length) {
      this.#pieces.push(chunk.subarray(from))
      this.#length += chunk.length - from
    }
    return this.#length > this.#bytesMax ? null : lines
  }
}

export type DecodedRequest = Request | { readonly id: number | null; readonly reason: string }

/** Only the owner of the socket can write to it; what comes is checked all the same, as it may be another version. */
export function decodeRequest(line: string): DecodedRequest {
  const value = parseJson(line)
  if (!isRecord(value)) return { id: null, reason: 'a request is one JSON object on a line' }
  const id = typeof value.id === 'number' ? value.id : null
  if (id === null) return { id, reason: 'a request has a number as its id' }
  if (value.version !== CONTROL_VERSION) {
    return { id, reason: `this proxy speaks version ${CONTROL_VERSION}: restart it` }
  }
  if (value.op === 'read' || value.op === 'counters') return { version: CONTROL_VERSION, id, op: value.op }
  if (value.op !== 'apply') return { id, reason: 'op wants read, apply or counters' }
  const { edits } = value
  if (!Array.isArray(edits) || edits.length > EDITS_MAX || !edits.every(isEdit)) {
    return { id, reason: `edits want a list of at most ${EDITS_MAX} edits` }
  }
  return { version: CONTROL_VERSION, id, op: 'apply', edits }
}

export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // whoever asked says what it wanted instead
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 200

function isKey(value: unknown): value is ServiceKey {
  if (!isRecord(value) || (value.family !== 4 && value.family !== 6)) return false
  if (value.protocol === 'fwm') return isNumber(value.mark, 0xffff_ffff)
  return (
    (value.protocol === 'tcp' || value.protocol === 'udp') &&
    isText(value.address) &&
    isNumber(value.port, 65_535)
  )
}

function isService(value: unknown): value is Service {
  if (!isRecord(value) || !isKey(value.key)) return false
  const { persistentSeconds, netmask } = value
  return (
    isText(value.scheduler) &&
    isText(value.schedulerFlags) &&
    typeof value.ops === 'boolean' &&
    (persistentSeconds === null || isNumber(persistentSeconds, 0x7fff_ffff)) &&
    (netmask === null || isText(netmask))
  )
}

function isDestination(value: unknown): boolean {
  return (
    isRecord(value) &&
    isText(value.address) &&
    isNumber(value.port, 65_535) &&
    isNumber(value.weight, 0x7fff_ffff) &&
    isNumber(value.upper, 0xffff_ffff) &&
    isNumber(value.lower, 0xffff_ffff) &&
    (value.method === 'gate' || value.method === 'masq' || value.method === 'ipip')
  )
}

function isEdit(value: unknown): value is Edit {
  if (!isRecord(value)) return false
  switch (value.kind) {
    case 'addService':
    case 'editService':
      return isService(value.service)
    case 'deleteService':
      return isKey(value.key)
    case 'addDestination':
    case 'editDestination':
    case 'deleteDestination':
      return isKey(value.key) && isDestination(value.destination)
    default:
      return false
  }
}

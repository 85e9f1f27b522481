/**
 * What a node must remember beyond its life: the generation, by which peers know a restart from a replay, and the
 * uuid. Formats and fall-backs are heartbeat 3.0.6's, so that either program can continue the other's files.
 *
 *     hb_generation   decimal, right-aligned in 15 columns, newline
 *     hb_uuid         16 raw bytes
 *     delhostcache    one line a node that was deleted: name, uuid, weight, site, each with a tab behind it
 */
import { randomBytes } from 'node:crypto'
import { readSmallFile, replaceFile } from '../../base/io/files.js'
import type { Level } from '../../log/record.js'
import type { DeletedNode } from '../core/contract.js'

export interface LogLine {
  readonly level: Level
  readonly text: string
}

export interface Remembered<T> {
  readonly value: T
  readonly lines: readonly LogLine[]
}

const GENERATION_MAX = 0xffff_ffff
const UUID_BYTES = 16
const NIL_UUID = new Uint8Array(UUID_BYTES)

/** The file's bytes, or null when it is missing. Throws any other error of the system. */
function bytesOf(path: string): Buffer | null {
  try {
    return readSmallFile(path, 4_096)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function generationIn(bytes: Buffer | null): number | null {
  const text = bytes === null ? '' : bytes.toString('latin1')
  const match = /^\s*(\d{1,10})\s*$/.exec(text)
  const value = match ? Number(match[1]) : 0
  return value > 0 && value < GENERATION_MAX ? value : null
}

/**
 * The generation of this start, already written back. Without a usable file the wall clock stands in: it is higher
 * than any earlier generation unless the clock went back. Throws the error of the system when the file cannot be
 * written: a node that cannot remember its generation would be locked out at its next start.
 */
export function nextGeneration(
  varLib: string,
  wallSeconds: number,
  method: 'file' | 'time',
): Remembered<number> {
  const path = `${varLib}/hb_generation`
  const bytes = bytesOf(path)
  const before = generationIn(bytes)
  const lines: LogLine[] = []
  let value: number
  if (method === 'time') value = Math.max(wallSeconds, (before ?? 0) + 1)
  else if (before !== null) value = before + 1
  else {
    value = wallSeconds + 1
    if (bytes !== null && bytes.length > 0) {
      lines.push({ level: 'WARN', text: `${path} does not hold a generation; it is written anew` })
    }
    lines.push({ level: 'WARN', text: `No Previous generation - starting at ${value}` })
  }
  keepGeneration(varLib, value)
  lines.push({ level: 'info', text: `Heartbeat generation: ${value}` })
  return { value, lines }
}

/** Throws the error of the system when the file cannot be written. */
export function keepGeneration(varLib: string, generation: number): void {
  replaceFile(`${varLib}/hb_generation`, `${String(generation).padStart(15)}\n`, 0o644)
}

/** Throws the error of the system when the file cannot be written. */
export function keepDeletedNodes(varLib: string, nodes: readonly DeletedNode[]): void {
  const lines = nodes.map(
    ({ name, uuid, weight, site }) => `${name}\t${uuidText(uuid ?? NIL_UUID)}\t${weight}\t${site}\n`,
  )
  replaceFile(`${varLib}/delhostcache`, lines.join(''), 0o644)
}

/** In the groups of 8, 4, 4, 4 and 12 digits of RFC 4122. */
function uuidText(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The uuid of this node; made once. Throws the error of the system when a new one cannot be kept. */
export function nodeUuid(varLib: string): Remembered<Uint8Array> {
  const path = `${varLib}/hb_uuid`
  const bytes = bytesOf(path)
  if (bytes?.length === UUID_BYTES) return { value: Uint8Array.from(bytes), lines: [] }
  const value = randomBytes(UUID_BYTES)
  // Version and variant bits of a random UUID (RFC 4122, section 4.4).
  value[6] = (value[6]! & 0x0f) | 0x40
  value[8] = (value[8]! & 0x3f) | 0x80
  replaceFile(path, value, 0o644)
  const text = 'No uuid found for current node - generating a new uuid.'
  const broken: LogLine[] =
    bytes === null ? [] : [{ level: 'WARN', text: `${path} does not hold 16 bytes; it is written anew` }]
  return { value: Uint8Array.from(value), lines: [...broken, { level: 'info', text }] }
}

/**
 * What a proxy that has handed its listening sockets over and the one that took them say to each other while the old
 * one still serves its connections: edits go to the old one, connection numbers come back, and datagrams of UDP
 * sessions go both ways, because only the new one has the service's socket. One JSON value a line; the socket is their
 * owner's alone.
 */
import type { Edit, Table } from '../../core/table.js'
import type { Level } from './control.js'
import { isEdit, isFullService, isNumber, isRecord } from './edit-shape.js'
import type { Binding } from './persistence.js'

/** A UDP session: the service it belongs to and the client's address and port. */
export interface SessionName {
  readonly service: string
  readonly address: string
  readonly port: number
}

/** How many connections a destination has in the other process. */
export interface Held {
  readonly service: string
  readonly destination: string
  readonly active: number
  readonly inactive: number
}

export interface Datagram extends SessionName {
  /** Base64. */
  readonly data: string
}

/** From the old process, after it has announced itself. */
export type FromPredecessor =
  /** Everything that it holds, then what has changed. */
  | { readonly held: readonly Held[] }
  /** Everything has been told: what was not named, and was counted before, is gone. */
  | { readonly isComplete: true }
  | { readonly sessions: readonly SessionName[] }
  | { readonly answer: Datagram }
  | { readonly sessionEnded: SessionName }
  | { readonly notice: string; readonly level: Level }

/** From the new process. */
export type FromSuccessor =
  /** The table as it is now. */
  | { readonly table: Table }
  | { readonly edits: readonly Edit[] }
  | { readonly datagram: Datagram }
  /** The new process was told to end, and all its connections with it. */
  | { readonly leave: true }

/** A process that goes on serving: what the new one is to count and to pass on until it has announced itself. */
export interface Heirloom {
  readonly pid: number
  readonly held: readonly Held[]
  readonly sessions: readonly SessionName[]
}

/** What the new process must know before it listens. */
export interface Estate {
  readonly table: Table
  readonly bindings: readonly { readonly service: string; readonly clients: readonly Binding[] }[]
  readonly serving: readonly Heirloom[]
}

/** Old processes that may still be serving when another one is to take over. */
export const GENERATIONS_MAX = 8
/** Entries in one line. */
export const ENTRIES_MAX = 1_000

export const sessionKey = ({ service, address, port }: SessionName): string => `${service} ${address} ${port}`
export const heldKey = ({ service, destination }: Held): string => `${service} ${destination}`

const COUNT_MAX = 0xffff_ffff

function isSessionName(value: unknown): value is SessionName {
  return (
    isRecord(value) &&
    typeof value.service === 'string' &&
    typeof value.address === 'string' &&
    isNumber(value.port, 65_535)
  )
}

const isDatagram = (value: unknown): value is Datagram =>
  isSessionName(value) && typeof (value as { data?: unknown }).data === 'string'

const isHeld = (value: unknown): value is Held =>
  isRecord(value) &&
  typeof value.service === 'string' &&
  typeof value.destination === 'string' &&
  isNumber(value.active, COUNT_MAX) &&
  isNumber(value.inactive, COUNT_MAX)

/** null: a line that this version does not understand; it is passed over. */
export function decodeFromPredecessor(value: unknown): FromPredecessor | null {
  if (!isRecord(value)) return null
  const { held, sessions, answer, sessionEnded, notice, level } = value
  if (Array.isArray(held) && held.every(isHeld)) return { held }
  if (value.isComplete === true) return { isComplete: true }
  if (Array.isArray(sessions) && sessions.every(isSessionName)) return { sessions }
  if (isDatagram(answer)) return { answer }
  if (isSessionName(sessionEnded)) return { sessionEnded }
  if (typeof notice === 'string' && (level === 'info' || level === 'WARN' || level === 'ERROR')) {
    return { notice, level }
  }
  return null
}

/** As above. */
export function decodeFromSuccessor(value: unknown): FromSuccessor | null {
  if (!isRecord(value)) return null
  const { table, edits, datagram } = value
  if (isRecord(table) && Array.isArray(table.services) && table.services.every(isFullService)) {
    return { table: { services: table.services } }
  }
  if (Array.isArray(edits) && edits.every(isEdit)) return { edits }
  if (isDatagram(datagram)) return { datagram }
  return value.leave === true ? { leave: true } : null
}

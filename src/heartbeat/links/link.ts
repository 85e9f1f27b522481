/**
 * A link carries datagrams between the nodes over one medium of ha.cf. It knows nothing of their content: who may be
 * heard is decided by the signature, by whoever gets the packets. What a network can do to a link is never an
 * exception; it is a failure to open, or a trouble while running.
 */
import type { MessageFormat } from '../wire/message.js'

export interface PacketOrigin {
  /** Name of the link it came in on. */
  readonly link: string
  readonly address: string
  readonly port: number
}

export interface LinkHandlers {
  /** The bytes belong to the receiver. Nothing is queued: while this runs, the kernel's buffer is the only queue. */
  readonly onPacket: (bytes: Buffer, from: PacketOrigin) => void
  /** One sentence when sending or receiving begins to fail in a new way; silence while it goes on. */
  readonly onTrouble: (sentence: string, link: string) => void
}

export interface LinkFailure {
  /** What is wrong and what to do, in one sentence. */
  readonly reason: string
  readonly code: string
}

export interface LinkCounts {
  /** Packets handed to the kernel, one per peer. */
  sent: number
  /** Packets not sent: too large, refused by the kernel, or too many at once. */
  dropped: number
  received: number
}

export interface Link {
  /** The device, with `#2` and so on when it carries several links; a terminal's path. */
  readonly name: string
  readonly kind: 'ucast' | 'bcast' | 'mcast' | 'ucast6' | 'mcast6' | 'serial' | 'memory'
  /** How messages travel on it, whatever msgfmt says. */
  readonly form: MessageFormat
  readonly counts: Readonly<LinkCounts>
  /** What an administrator should know of a link that works nevertheless. */
  readonly remark?: string | null
  /** Never waits and never throws. */
  send(bytes: Uint8Array): void
  /** May be called again. Afterwards nothing is sent and nothing is handed over. */
  close(): Promise<void>
}

export function isLinkFailure(value: Link | LinkFailure): value is LinkFailure {
  return 'reason' in value
}

/** Packets that one link lets wait for the kernel; at two nodes and 10 ms keepalive a third of a second's worth. */
export const packetsWaitingMax = 64

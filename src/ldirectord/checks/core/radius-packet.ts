/**
 * RADIUS (RFC 2865) as far as a check needs it: an Access-Request with a password, and whether an answer to it is
 * signed with our secret. Requests carry a Message-Authenticator (RFC 3579), which servers have come to demand.
 *
 *   code (1)  identifier (1)  length (2)  authenticator (16)  attributes: type (1) length (1) value ...
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const HEAD_BYTES = 20
const ACCESS_REQUEST = 1
const USER_NAME = 1
const USER_PASSWORD = 2
const NAS_IP_ADDRESS = 4
const NAS_IDENTIFIER = 32
const MESSAGE_AUTHENTICATOR = 80
export const LOGIN_BYTES_MAX = 253
export const PASSWD_BYTES_MAX = 128

export interface AccessRequest {
  readonly identifier: number
  /** 16 bytes of chance. */
  readonly authenticator: Uint8Array
  readonly login: string
  readonly passwd: string
  readonly secret: string
  /** Our own IPv4 address, 4 bytes; null: we name ourselves by a word. */
  readonly nasAddress: Uint8Array | null
}

export type RadiusAnswer =
  | { readonly kind: 'answer'; readonly code: number }
  /** Not an answer to this request. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unsigned' }

const md5 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function attribute(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type, value.length + 2]), value])
}

/** RFC 2865, 5.2: blocks of 16 bytes, each masked by the MD5 of the secret and the block before. */
function hiddenPassword(passwd: Uint8Array, secret: Uint8Array, authenticator: Uint8Array): Buffer {
  const hidden = Buffer.alloc(Math.max(16, Math.ceil(passwd.length / 16) * 16))
  hidden.set(passwd)
  let before = authenticator
  for (let at = 0; at < hidden.length; at += 16) {
    const mask = md5(secret, before)
    for (let n = 0; n < 16; n++) hidden[at + n]! ^= mask[n]!
    before = hidden.subarray(at, at + 16)
  }
  return hidden
}

/** Login and password must keep to their limits. */
export function encodeAccessRequest(request: AccessRequest): Buffer {
  const secret = Buffer.from(request.secret)
  const { nasAddress } = request
  const packet = Buffer.concat([
    Buffer.from([ACCESS_REQUEST, request.identifier, 0, 0]),
    request.authenticator,
    // First, as the advice on forged answers has it (CVE-2024-3596).
    attribute(MESSAGE_AUTHENTICATOR, Buffer.alloc(16)),
    attribute(USER_NAME, Buffer.from(request.login)),
    attribute(USER_PASSWORD, hiddenPassword(Buffer.from(request.passwd), secret, request.authenticator)),
    nasAddress === null
      ? attribute(NAS_IDENTIFIER, Buffer.from('ldirectord'))
      : attribute(NAS_IP_ADDRESS, nasAddress),
  ])
  packet.writeUInt16BE(packet.length, 2)
  packet.set(createHmac('md5', secret).update(packet).digest(), HEAD_BYTES + 2)
  return packet
}

export function readAnswer(datagram: Buffer, request: Buffer, secret: string): RadiusAnswer {
  if (datagram.length < HEAD_BYTES || datagram[1] !== request[1]) return { kind: 'foreign' }
  const length = datagram.readUInt16BE(2)
  if (length < HEAD_BYTES || length > datagram.length) return { kind: 'foreign' }
  const packet = datagram.subarray(0, length)
  const asked = request.subarray(4, HEAD_BYTES)
  const key = Buffer.from(secret)
  const signature = md5(packet.subarray(0, 4), asked, packet.subarray(HEAD_BYTES), key)
  const isSigned =
    timingSafeEqual(signature, packet.subarray(4, HEAD_BYTES)) && messageIsAuthentic(packet, asked, key)
  return isSigned ? { kind: 'answer', code: packet[0]! } : { kind: 'unsigned' }
}

/** A Message-Authenticator that is there must be right; a server need not send one. */
function messageIsAuthentic(packet: Buffer, asked: Uint8Array, key: Uint8Array): boolean {
  for (let at = HEAD_BYTES; at + 2 <= packet.length; ) {
    const length = packet[at + 1]!
    if (length < 2 || at + length > packet.length) return false
    if (packet[at] === MESSAGE_AUTHENTICATOR) {
      if (length !== 18) return false
      const bare = Buffer.from(packet)
      bare.set(asked, 4)
      bare.fill(0, at + 2, at + 18)
      return timingSafeEqual(createHmac('md5', key).update(bare).digest(), packet.subarray(at + 2, at + 18))
    }
    at += length
  }
  return true
}

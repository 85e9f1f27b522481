/**
 * Asks the kernel for its interfaces, addresses and routes, and changes addresses, without starting a program: some
 * tenths of a millisecond in place of some milliseconds. The kernel fills the answer in while it is read, so nothing
 * here waits.
 */
import { getSystemErrorName } from 'node:util'
import {
  type AddressChange,
  addressRequest,
  errorNumber,
  type NetlinkKind,
  type NetlinkRecord,
  netlinkRequest,
  readNetlink,
} from '../netlink.js'
import {
  type Calls,
  calls,
  failure,
  int32,
  isNativeFailure,
  type NativeFailure,
  SOCK_NONBLOCK_CLOEXEC,
  SOCK_RAW,
  uint16,
} from './native.js'

const AF_NETLINK = 16
const NETLINK_ROUTE = 0
/** Of a struct sockaddr_nl. */
export const NETLINK_ADDRESS_BYTES = 12
const ANSWER_BYTES_MAX = 65_536
/** At some hundred routes each: more than a machine with service addresses has. */
const DATAGRAMS_MAX = 1_000

export function openNetlink(c: Calls): number | NativeFailure {
  const fd = c.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, NETLINK_ROUTE)
  return fd < 0 ? failure(c, 'netlink socket') : fd
}

/** A struct sockaddr_nl; port 0 is the kernel, or one that the kernel chooses. */
export const netlinkAddress = (groups: number): Buffer =>
  Buffer.concat([uint16(AF_NETLINK), Buffer.alloc(2), int32(0), int32(groups)])

interface Exchange {
  readonly send: (request: Uint8Array) => NativeFailure | null
  readonly receive: () => Uint8Array | NativeFailure
}

function exchanging<T>(work: (exchange: Exchange) => T | NativeFailure): T | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const fd = openNetlink(c)
  if (isNativeFailure(fd)) return fd
  const kernel = netlinkAddress(0)
  const answer = Buffer.alloc(ANSWER_BYTES_MAX)
  try {
    return work({
      send: request => {
        const sent = Number(c.sendto(fd, request, request.length, 0, kernel, kernel.length))
        return sent < 0 ? failure(c, 'sendto') : null
      },
      receive: () => {
        const from = Buffer.alloc(NETLINK_ADDRESS_BYTES)
        const length = Number(c.recvfrom(fd, answer, answer.length, 0, from, int32(NETLINK_ADDRESS_BYTES)))
        return length < 0 ? failure(c, 'recvfrom') : answer.subarray(0, length)
      },
    })
  } finally {
    c.close(fd)
  }
}

export function askKernel(kinds: readonly NetlinkKind[]): NetlinkRecord[] | NativeFailure {
  return exchanging(({ send, receive }) => {
    const records: NetlinkRecord[] = []
    for (const kind of kinds) {
      const fault = send(netlinkRequest(kind))
      if (fault) return fault
      for (let end = 'more', datagrams = 0; end !== 'done'; datagrams++) {
        const bytes = receive()
        if (isNativeFailure(bytes)) return bytes
        const part = readNetlink(bytes)
        records.push(...part.records)
        end = part.end
        if (end === 'failed' || datagrams >= DATAGRAMS_MAX)
          return { reason: `the kernel does not tell its ${kind}`, code: 'EPROTO' }
      }
    }
    return records
  })
}

/** Null: it is done. */
export function changeAddress(device: string, change: Omit<AddressChange, 'index'>): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  const index = c.if_nametoindex(device)
  if (index === 0) return failure(c, device)
  return exchanging(({ send, receive }) => {
    const fault = send(addressRequest({ ...change, index }))
    if (fault) return fault
    const answer = receive()
    if (isNativeFailure(answer)) return answer
    const number = errorNumber(answer)
    if (number === 0) return null
    if (number === null) return { reason: 'the kernel did not answer', code: 'EPROTO' }
    const code = getSystemErrorName(-number)
    return { reason: code, code }
  })
}

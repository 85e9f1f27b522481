/**
 * Asks the kernel for its interfaces, addresses or routes without starting a program: some tenths of a millisecond in
 * place of some milliseconds. The kernel fills the answer in while it is read, so nothing here waits.
 */
import { type NetlinkKind, type NetlinkRecord, netlinkRequest, readNetlink } from '../netlink.js'
import {
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
const ADDRESS_BYTES = 12
const ANSWER_BYTES_MAX = 65_536
/** At some hundred routes each: more than a machine with service addresses has. */
const DATAGRAMS_MAX = 1_000

export function askKernel(kinds: readonly NetlinkKind[]): NetlinkRecord[] | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const fd = c.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, NETLINK_ROUTE)
  if (fd < 0) return failure(c, 'netlink socket')
  try {
    const kernel = Buffer.concat([uint16(AF_NETLINK), Buffer.alloc(ADDRESS_BYTES - 2)])
    const answer = Buffer.alloc(ANSWER_BYTES_MAX)
    const records: NetlinkRecord[] = []
    for (const kind of kinds) {
      const request = netlinkRequest(kind)
      if (Number(c.sendto(fd, request, request.length, 0, kernel, kernel.length)) < 0)
        return failure(c, 'sendto')
      for (let end = 'more', datagrams = 0; end !== 'done'; datagrams++) {
        const length = Number(
          c.recvfrom(fd, answer, answer.length, 0, Buffer.alloc(ADDRESS_BYTES), int32(ADDRESS_BYTES)),
        )
        if (length < 0) return failure(c, 'recvfrom')
        const part = readNetlink(answer.subarray(0, length))
        records.push(...part.records)
        end = part.end
        if (end === 'failed' || datagrams >= DATAGRAMS_MAX)
          return { reason: `the kernel does not tell its ${kind}`, code: 'EPROTO' }
      }
    }
    return records
  } finally {
    c.close(fd)
  }
}

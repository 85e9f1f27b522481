/**
 * Tells whether this machine's addresses have changed since it was asked last: a netlink socket that hears of every
 * address that comes or goes, and is only emptied. To ask costs one system call, where a list of all interfaces and
 * their addresses costs a dozen and their reading.
 */
import {
  calls,
  closeDescriptor,
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
/** RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR. */
const GROUPS = 0x10 | 0x100
const ADDRESS_BYTES = 12
/** Nobody reads what is told: a longer message is cut. */
const NEWS_BYTES = 64
/** What is left is found when it is asked the next time. */
const NEWS_AT_ONCE = 256

export interface AddressChanges {
  /** True also when the kernel had more to tell than the socket could hold. */
  haveCome(): boolean
  close(): void
}

export function hearAddressChanges(): AddressChanges | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const fd = c.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, NETLINK_ROUTE)
  if (fd < 0) return failure(c, 'netlink socket')
  const own = Buffer.concat([uint16(AF_NETLINK), Buffer.alloc(2), int32(0), int32(GROUPS)])
  if (c.bind(fd, own, own.length) !== 0) {
    const fault = failure(c, 'netlink socket')
    c.close(fd)
    return fault
  }
  const news = Buffer.alloc(NEWS_BYTES)
  const from = Buffer.alloc(ADDRESS_BYTES)
  const fromBytes = int32(ADDRESS_BYTES)
  const next = (): boolean => Number(c.recvfrom(fd, news, news.length, 0, from, fromBytes)) >= 0
  return {
    haveCome() {
      let heard = 0
      while (heard < NEWS_AT_ONCE && next()) heard++
      return heard > 0 || failure(c, 'recvfrom').code !== 'EAGAIN'
    },
    close: () => closeDescriptor(fd),
  }
}

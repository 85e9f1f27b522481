/**
 * Tells whether this machine's addresses have changed since it was asked last: a netlink socket that hears of every
 * address that comes or goes, and is only emptied. To ask costs one system call, where a list of all interfaces and
 * their addresses costs a dozen and their reading.
 */
import { calls, closeDescriptor, failure, int32, isNativeFailure, type NativeFailure } from './native.js'
import { NETLINK_ADDRESS_BYTES, netlinkAddress, openNetlink } from './netlink-socket.js'

/** RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR. */
const GROUPS = 0x10 | 0x100
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
  const fd = openNetlink(c)
  if (isNativeFailure(fd)) return fd
  const own = netlinkAddress(GROUPS)
  if (c.bind(fd, own, own.length) !== 0) {
    const fault = failure(c, 'netlink socket')
    c.close(fd)
    return fault
  }
  const news = Buffer.alloc(NEWS_BYTES)
  const from = Buffer.alloc(NETLINK_ADDRESS_BYTES)
  const fromBytes = int32(NETLINK_ADDRESS_BYTES)
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

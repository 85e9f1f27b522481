// Expected values: the examples and tables of proxy-protocol.txt (HAProxy), sections 2.1 and 2.2.
import test from 'ava'
import { proxyHeader } from '../../../src/ldirectord/proxy/core/proxy-header.js'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const ipv4 = {
  protocol: 'tcp',
  from: { address: '192.168.0.1', port: 56_324 },
  to: { address: '192.168.0.11', port: 443 },
} as const
const ipv6 = {
  protocol: 'tcp',
  from: { address: 'fe80::1%eth0', port: 65_535 },
  to: { address: '2001:db8::a', port: 80 },
} as const

test('version 1 is the line of the specification', t => {
  t.is(proxyHeader('v1', ipv4).toString(), 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n')
  t.is(proxyHeader('v1', ipv6).toString(), 'PROXY TCP6 fe80::1 2001:db8::a 65535 80\r\n')
})

test('version 1 never exceeds the 107 bytes that receivers have to read', t => {
  const longest = { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', port: 65_535 }
  t.true(proxyHeader('v1', { protocol: 'tcp', from: longest, to: longest }).length <= 107)
})

test('version 2 is signature, command, family, length, addresses and ports', t => {
  t.is(proxyHeader('v2', ipv4).toString('hex'), `${SIGNATURE}2111000cc0a80001c0a8000bdc0401bb`)
  t.is(
    proxyHeader('v2', ipv6).toString('hex'),
    `${SIGNATURE}21210024fe80000000000000000000000000000120010db800000000000000000000000affff0050`,
  )
  t.is(
    proxyHeader('v2', { ...ipv4, protocol: 'udp' }).toString('hex'),
    `${SIGNATURE}2112000cc0a80001c0a8000bdc0401bb`,
  )
})

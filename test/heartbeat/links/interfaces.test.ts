import test from 'ava'
import {
  broadcastOf,
  commonBits,
  isInNetwork,
  parseIpAddressShow,
} from '../../../src/heartbeat/links/interfaces.js'

test('ip -json address show gives names, addresses and masks, also of an interface without a cable', t => {
  // Shortened output of iproute2 6.1.
  const shown = JSON.stringify([
    {
      ifname: 'lo',
      flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
      addr_info: [
        { family: 'inet', local: '127.0.0.1', prefixlen: 8, label: 'lo' },
        { family: 'inet6', local: '::1', prefixlen: 128 },
      ],
    },
    {
      ifname: 'eth1',
      flags: ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP'],
      addr_info: [
        { family: 'inet', local: '10.78.0.1', prefixlen: 24, broadcast: '10.78.0.255', label: 'eth1' },
        { family: 'inet', local: '10.78.0.100', prefixlen: 32, label: 'eth1:0' },
      ],
    },
    { ifname: 'eth2', flags: [], addr_info: [] },
    {},
  ])
  t.deepEqual(parseIpAddressShow(shown), [
    { name: 'lo', addresses: [{ address: '127.0.0.1', netmask: '255.0.0.0' }], addresses6: ['::1'] },
    {
      name: 'eth1',
      addresses: [
        { address: '10.78.0.1', netmask: '255.255.255.0' },
        { address: '10.78.0.100', netmask: '255.255.255.255' },
      ],
      addresses6: [],
    },
    { name: 'eth2', addresses: [], addresses6: [] },
  ])
})

test('text of another ip(8) is not taken for interfaces', t => {
  t.is(parseIpAddressShow('1: lo: <LOOPBACK,UP> mtu 65536'), null)
  t.is(parseIpAddressShow('{}'), null)
  t.is(parseIpAddressShow(''), null)
})

test('addresses are compared and completed bit by bit', t => {
  const network = { address: '192.168.20.5', netmask: '255.255.252.0' }
  t.is(broadcastOf(network), '192.168.23.255')
  t.true(isInNetwork('192.168.23.1', network))
  t.false(isInNetwork('192.168.24.1', network))
  t.is(commonBits('127.77.0.1', '127.77.0.3'), 30)
  t.is(commonBits('127.77.0.1', '127.77.1.1'), 23)
  t.is(commonBits('10.0.0.1', '10.0.0.1'), 32)
  t.is(commonBits('10.0.0.1', '138.0.0.1'), 0)
})

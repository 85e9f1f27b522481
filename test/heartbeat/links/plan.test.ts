import test from 'ava'
import { type LinkPlan, type Machine, type MediaLine, planLinks } from '../../../src/heartbeat/links/plan.js'

const machine = (over: Partial<Machine> = {}): Machine => ({
  interfaces: [
    { name: 'lo', addresses: [{ address: '127.0.0.1', netmask: '255.0.0.0' }] },
    { name: 'eth0', addresses: [{ address: '10.77.0.1', netmask: '255.255.255.0' }] },
    { name: 'eth1', addresses: [{ address: '10.78.0.1', netmask: '255.255.255.0' }] },
    { name: 'eth2', addresses: [] },
  ],
  ownAddresses: [],
  deviceBindingFault: null,
  ...over,
})

/** `ucast eth1 10.78.0.1` and so on, each on its line, all with one port. */
const media = (text: string, port = 694): MediaLine[] =>
  text
    .trim()
    .split('\n')
    .map((words, at) => {
      const [directive, device = '', address = '', groupPort, ttl, loop] = words.trim().split(' ')
      const line = at + 1
      if (directive === 'ucast') return { directive, line, device, address, port }
      if (directive === 'bcast') return { directive, line, device, port }
      return {
        directive: 'mcast',
        line,
        device,
        group: address,
        port: Number(groupPort),
        ttl: Number(ttl),
        loop: loop === '1',
      }
    })

/** `name: listens at -> sends to`. */
const show = (plan: LinkPlan): string => {
  const { address, port, device } = plan.listen
  const to =
    plan.kind === 'ucast' ? plan.peers.join(' ') : plan.kind === 'bcast' ? plan.broadcast : plan.group
  return `${plan.name}: ${address}:${port}${device ? `%${device}` : ''} -> ${to} (${plan.port}) from ${plan.source.address}`
}

const planned = (text: string, over: Partial<Machine> = {}) => {
  const { plans, problems } = planLinks(media(text), machine(over))
  return { plans: plans.map(show), problems: problems.map(({ code, line }) => `${line}: ${code}`) }
}

test('the same two ucast lines on both nodes are one link to the other node', t => {
  const lines = 'ucast eth1 10.78.0.1\nucast eth1 10.78.0.2'
  t.deepEqual(planned(lines), {
    plans: ['eth1: 0.0.0.0:694%eth1 -> 10.78.0.2 (694) from 0.0.0.0'],
    problems: ['1: own-address'],
  })
})

test('without device binding a link listens at the own address of its device, and that is said once', t => {
  const lines = 'ucast eth1 10.78.0.1\nucast eth1 10.78.0.2\nucast eth0 10.77.0.2'
  const { plans, problems } = planned(lines, { deviceBindingFault: 'koffi is not installed' })
  t.deepEqual(plans, [
    'eth1: 10.78.0.1:694 -> 10.78.0.2 (694) from 0.0.0.0',
    'eth0: 10.77.0.1:694 -> 10.77.0.2 (694) from 0.0.0.0',
  ])
  t.deepEqual(problems, ['1: own-address', '1: device-not-bound'])
})

test('two loopback networks on lo are two links, each with its own address and the peers near it', t => {
  const lines = [1, 2, 3]
    .flatMap(node => [`ucast lo 127.77.0.${node}`, `ucast lo 127.77.1.${node}`])
    .join('\n')
  const { plans, problems } = planned(lines, { ownAddresses: ['127.77.0.2', '127.77.1.2'] })
  t.deepEqual(plans, [
    'lo: 127.77.0.2:694 -> 127.77.0.1 127.77.0.3 (694) from 127.77.0.2',
    'lo#2: 127.77.1.2:694 -> 127.77.1.1 127.77.1.3 (694) from 127.77.1.2',
  ])
  t.deepEqual(problems, ['3: own-address', '4: own-address'])
})

test('an own address that no line names is used for the device in whose network it lies', t => {
  t.deepEqual(planned('ucast lo 127.77.0.2', { ownAddresses: ['127.77.0.1'] }).plans, [
    'lo: 127.77.0.1:694 -> 127.77.0.2 (694) from 127.77.0.1',
  ])
})

test('127.0.0.1 is ours on lo, but a peer for a node that listens at another loopback address', t => {
  const lines = 'ucast lo 127.0.0.1\nucast lo 127.0.0.2'
  t.deepEqual(planned(lines).plans, ['lo: 0.0.0.0:694%lo -> 127.0.0.2 (694) from 0.0.0.0'])
  t.deepEqual(planned(lines, { ownAddresses: ['127.0.0.2'] }).plans, [
    'lo: 127.0.0.2:694 -> 127.0.0.1 (694) from 127.0.0.2',
  ])
})

test('an unknown device is an error at its line, and the other links are planned all the same', t => {
  const { plans, problems } = planLinks(media('ucast eth9 10.0.0.2\nbcast eth1'), machine())
  t.deepEqual(plans.map(show), ['eth1: 10.78.0.255:694%eth1 -> 10.78.0.255 (694) from 10.78.0.1'])
  t.deepEqual(problems, [
    {
      severity: 'error',
      code: 'unknown-device',
      message: 'ucast: there is no interface eth9 on this machine; it has lo, eth0, eth1, eth2',
      line: 1,
    },
  ])
})

test('only the own address: the link is planned, and the missing peer is said', t => {
  t.deepEqual(planned('ucast eth1 10.78.0.1').problems, ['1: own-address', '1: no-peer'])
})

test('a peer given twice is sent to once', t => {
  t.deepEqual(planned('ucast eth1 10.78.0.2\nucast eth1 10.78.0.2'), {
    plans: ['eth1: 0.0.0.0:694%eth1 -> 10.78.0.2 (694) from 0.0.0.0'],
    problems: ['2: given-twice'],
  })
})

test('ucast and bcast on one device are two links that do not hear each other', t => {
  t.deepEqual(planned('ucast eth1 10.78.0.2\nbcast eth1').plans, [
    'eth1: 10.78.0.1:694%eth1 -> 10.78.0.2 (694) from 0.0.0.0',
    'eth1#2: 10.78.0.255:694%eth1 -> 10.78.0.255 (694) from 10.78.0.1',
  ])
})

test('mcast uses its own port; a device without an address cannot carry it, nor bcast', t => {
  t.deepEqual(planned('mcast eth1 225.0.0.1 700 1 0').plans, [
    'eth1: 225.0.0.1:700%eth1 -> 225.0.0.1 (700) from 10.78.0.1',
  ])
  const without = planned('mcast eth2 225.0.0.1 700 1 0\nbcast eth2\nucast eth2 10.1.0.2')
  t.deepEqual(without, {
    plans: ['eth2: 0.0.0.0:694%eth2 -> 10.1.0.2 (694) from 0.0.0.0'],
    problems: ['1: no-address', '2: no-address'],
  })
})

import test from 'ava'
import type { LinkPlan, Machine, MediaLine } from '../../../src/heartbeat/links/link-plan.js'
import { planLinks } from '../../../src/heartbeat/links/plan.js'

const machine = (over: Partial<Machine> = {}): Machine => ({
  interfaces: [
    { name: 'lo', addresses: [{ address: '127.0.0.1', netmask: '255.0.0.0' }], addresses6: ['::1'] },
    {
      name: 'eth0',
      addresses: [{ address: '10.77.0.1', netmask: '255.255.255.0' }],
      addresses6: ['fd77::1', 'fe80::77:1'],
    },
    {
      name: 'eth1',
      addresses: [{ address: '10.78.0.1', netmask: '255.255.255.0' }],
      addresses6: ['fe80::78:1'],
    },
    { name: 'eth2', addresses: [], addresses6: [] },
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
      if (directive === 'ucast' || directive === 'ucast6') return { directive, line, device, address, port }
      if (directive === 'bcast') return { directive, line, device, port }
      if (directive === 'serial') return { directive, line, device, baud: 19_200 }
      return {
        directive: directive === 'mcast6' ? directive : 'mcast',
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
  if (plan.kind === 'serial') return `${plan.name}: ${plan.baud} baud`
  const { address, port, device } = plan.listen
  const to = 'peers' in plan ? plan.peers.join(' ') : 'group' in plan ? plan.group : plan.broadcast
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

test('ucast6 lines of a device are one link, and the own address is known however it is written', t => {
  const lines = 'ucast6 eth0 FD77:0::1\nucast6 eth0 fd77:0:0::2'
  t.deepEqual(planned(lines), {
    plans: ['eth0: :::694%eth0 -> fd77::2 (694) from ::'],
    problems: ['1: own-address'],
  })
})

test('a link-local address is sent to through its device; that of another device is another host', t => {
  t.deepEqual(planned('ucast6 eth1 fe80::78:1\nucast6 eth1 fe80::78:2%eth1\nucast6 eth1 fe80::77:1'), {
    plans: ['eth1: :::694%eth1 -> fe80::78:2%eth1 fe80::77:1%eth1 (694) from ::'],
    problems: ['1: own-address'],
  })
  t.deepEqual(planned('ucast6 eth0 fe80::78:2%eth1'), { plans: [], problems: ['1: zone-differs'] })
})

test('mcast6 listens at its group on its device, and a ucast6 link beside it shares the port', t => {
  const { plans } = planLinks(media('ucast6 eth1 fe80::2\nmcast6 eth1 ff12::1 694 1 0'), machine())
  t.deepEqual(plans.map(show), [
    'eth1: :::694%eth1 -> fe80::2%eth1 (694) from ::',
    'eth1#2: ff12::1%eth1:694%eth1 -> ff12::1%eth1 (694) from ::',
  ])
  t.true(plans[0]?.kind === 'ucast6' && plans[0].isShared)
})

test('a ucast link beside an mcast link at the same port listens to its own address only', t => {
  t.deepEqual(planned('ucast eth1 10.78.0.2\nmcast eth1 225.0.0.1 694 1 0').plans, [
    'eth1: 10.78.0.1:694%eth1 -> 10.78.0.2 (694) from 0.0.0.0',
    'eth1#2: 225.0.0.1:694%eth1 -> 225.0.0.1 (694) from 10.78.0.1',
  ])
})

test('a terminal is no interface, and is used once', t => {
  t.deepEqual(planned('serial /dev/ttyS0\nserial /dev/ttyS1\nserial /dev/ttyS0'), {
    plans: ['/dev/ttyS0: 19200 baud', '/dev/ttyS1: 19200 baud'],
    problems: ['3: given-twice'],
  })
})

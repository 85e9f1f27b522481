import test from 'ava'
import { type AddressArgument, parseAddressArgument } from '../../src/agents/address-argument.js'
import { planStart, planStop } from '../../src/agents/address-plan.js'
import { type HostFacts, readAddresses, readRoutes } from '../../src/agents/host-facts.js'

// eth0 10.77.0.1/24 with a broadcast address, eth1 10.78.0.1/24 without: the machine on which the resource.d
// wrapper of heartbeat 3.0.6 (resource-agents 4.12) was measured.
const facts: HostFacts = {
  nics: ['lo', 'eth0', 'eth1'],
  addresses: [
    { nic: 'lo', address: '127.0.0.1', prefix: 8, broadcast: null, label: 'lo' },
    { nic: 'eth0', address: '10.77.0.1', prefix: 24, broadcast: '10.77.0.255', label: 'eth0' },
    { nic: 'eth1', address: '10.78.0.1', prefix: 24, broadcast: null, label: 'eth1' },
  ],
  routes: [
    { network: '10.77.0.0', prefix: 24, nic: 'eth0' },
    { network: '10.78.0.0', prefix: 24, nic: 'eth1' },
  ],
}

const argument = (text: string): AddressArgument => {
  const parsed = parseAddressArgument(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.argument
}
const commands = (text: string, machine = facts): string[] => {
  const plan = planStart(argument(text), machine)
  return plan.kind === 'run' ? plan.commands.map(command => command.join(' ')) : [plan.kind]
}

// Argument, then the address as `ip -4 -o addr` showed it after the original's start.
const measured = [
  ['10.77.0.100/24/eth0', '10.77.0.100/24 brd 10.77.0.255 dev eth0'],
  ['10.77.0.101', '10.77.0.101/24 brd 10.77.0.255 dev eth0'],
  ['10.77.0.102/32/eth0:0/10.77.0.102', '10.77.0.102/32 brd 10.77.0.102 label eth0:0 dev eth0'],
  ['10.77.0.103/24/eth0:vip', '10.77.0.103/24 brd 10.77.0.255 label eth0:vip dev eth0'],
  ['10.99.0.2/24/eth1', '10.99.0.2/24 dev eth1'],
  ['10.77.0.105/255.255.255.0', '10.77.0.105/24 brd 10.77.0.255 dev eth0'],
  ['10.77.0.106/24/10.77.0.255', '10.77.0.106/24 brd 10.77.0.255 dev eth0'],
] as const

for (const [text, shown] of measured) {
  test(`${text} becomes the address that the original configures`, t => {
    const nic = shown.slice(shown.lastIndexOf(' ') + 1)
    t.deepEqual(commands(text), [`-f inet addr add ${shown}`, `link set ${nic} up`])
  })
}

test('an address outside of every network of the machine is refused without a command', t => {
  const plan = planStart(argument('10.99.0.1'), facts)
  t.true(plan.kind === 'refuse' && plan.exitCode === 1 && plan.because.includes('10.99.0.1'))
})

test('an interface that is not there is refused as the original does, with exit code 6', t => {
  const plan = planStart(argument('10.77.0.100/24/eth9'), facts)
  t.true(plan.kind === 'refuse' && plan.exitCode === 6 && plan.because.includes('eth9'))
})

test('a label without its interface is accepted with a warning, and the interface is looked up', t => {
  const old = argument('10.77.0.1/32/0:0/10.77.0.1')
  t.is(old.label, '0')
  t.is(old.nic, null)
  t.is(old.warnings.length, 1)
  t.deepEqual(commands('10.77.0.7/32/0:0/10.77.0.7')[0], '-f inet addr add 10.77.0.7/32 brd 10.77.0.7 label eth0:0 dev eth0') // biome-ignore format: one claim
})

test('starting what runs and stopping what does not run does nothing', t => {
  const running: HostFacts = {
    ...facts,
    addresses: [
      ...facts.addresses,
      { nic: 'eth0', address: '10.77.0.100', prefix: 24, broadcast: null, label: 'eth0' },
    ],
  }
  t.is(planStart(argument('10.77.0.100/24/eth0'), running).kind, 'nothing')
  t.is(planStop(argument('10.77.0.100/24/eth0'), facts).kind, 'nothing')
  const stop = planStop(argument('10.77.0.100'), running)
  t.deepEqual(stop.kind === 'run' ? stop.commands : [], [
    ['-f', 'inet', 'addr', 'del', '10.77.0.100/24', 'dev', 'eth0'],
  ])
})

test('an address that a real server keeps on lo does not count as running and is taken off lo', t => {
  const real: HostFacts = {
    ...facts,
    addresses: [
      ...facts.addresses,
      { nic: 'lo', address: '10.77.0.100', prefix: 32, broadcast: null, label: 'lo' },
    ],
  }
  t.is(commands('10.77.0.100/24/eth0', real)[0], '-f inet addr del 10.77.0.100/32 dev lo')
})

test('arguments that are no address, prefix, interface, label or broadcast are refused with what was found', t => {
  for (const text of ['foo', '10.0.0', '10.0.0.256', '10.0.0.1/33', '10.0.0.1/255.0.255.0']) {
    t.true('problem' in parseAddressArgument(text), text)
  }
  for (const text of ['10.0.0.1/24/eth0;reboot', '10.0.0.1/24/-x', '10.0.0.1/24/eth0:0/x']) {
    t.true('problem' in parseAddressArgument(text), text)
  }
})

test('the answers of ip are read into facts, and anything else into none', t => {
  const json = `[{"ifindex":1,"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},
    {"ifindex":3,"ifname":"eth0","addr_info":[{"family":"inet","local":"10.77.0.1","prefixlen":24,"broadcast":"10.77.0.255","scope":"global","label":"eth0"}]}]`
  const read = readAddresses(json)
  t.deepEqual(read.nics, ['lo', 'eth0'])
  t.deepEqual(read.addresses[1], facts.addresses[1])
  t.deepEqual(
    readRoutes(
      '[{"dst":"default","gateway":"10.77.0.254","dev":"eth0"},{"dst":"10.78.0.0/24","dev":"eth1"}]',
    ),
    [
      { network: '0.0.0.0', prefix: 0, nic: 'eth0' },
      { network: '10.78.0.0', prefix: 24, nic: 'eth1' },
    ],
  )
  t.deepEqual(readAddresses('Option "-j" is unknown'), { nics: [], addresses: [] })
  t.deepEqual(readRoutes('{}'), [])
})

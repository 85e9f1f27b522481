import test from 'ava'
import { planStart, planStop } from '../../src/agents/address-plan.js'
import { changeIn } from '../../src/agents/change-address.js'

const facts = {
  nics: ['lo', 'eth0'],
  nicsUp: ['lo', 'eth0'],
  addresses: [{ nic: 'eth0', address: '10.0.0.1', prefix: 24, broadcast: '10.0.0.255', label: 'eth0' }],
  routes: [],
}
const argument = {
  address: '10.0.0.50',
  prefix: null,
  nic: null,
  label: null,
  broadcast: null,
  warnings: [],
}

test('what a plan asks of ip is asked of the kernel in the same words', t => {
  const start = planStart(argument, facts)
  if (start.kind !== 'run') return void t.fail(start.kind)
  t.is(start.commands.length, 1, 'an interface that is up is not brought up again')
  t.deepEqual(changeIn(start.commands[0]!), {
    ...{ change: 'add', nic: 'eth0', label: null, prefix: 24 },
    address: Buffer.from([10, 0, 0, 50]),
    broadcast: Buffer.from([10, 0, 0, 255]),
  })
  const there = { ...facts.addresses[0]!, address: '10.0.0.50' }
  const stop = planStop(argument, { ...facts, addresses: [...facts.addresses, there] })
  t.is(stop.kind === 'run' ? changeIn(stop.commands[0]!)?.change : null, 'remove')
})

test('a command that is not understood to the last word is left to ip', t => {
  const others = [
    'link set eth0 up',
    '-6 addr add fd00::1/64 dev eth0',
    '-f inet addr add 10.0.0.1/24 dev eth0 nodad',
    '-f inet addr add 10.0.0.1/24 scope link dev eth0',
    '-f inet addr add 10.0.0.1/33 dev eth0',
    '-f inet addr add 10.0.0.1/24',
  ]
  for (const words of others) t.is(changeIn(words.split(' ')), null, words)
})

// LVSRealServer: from arguments and addresses to what is set. What it does to a kernel: test/peers/forwarding/hosts.test.ts.
import test from 'ava'
import { lvsRealServer } from '../../src/agents/real-server.js'
import {
  addressCommand,
  lookAt,
  parseRealServer,
  type RealServerArguments,
  settingsOf,
} from '../../src/agents/real-server-plan.js'
import { world } from './world.js'

const asked = (...args: string[]): RealServerArguments => {
  const parsed = parseRealServer(args)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

test('the address has a host mask, on lo unless tunl0 is asked for', t => {
  t.is(addressCommand(asked('10.0.0.100'), 'add').join(' '), '-4 addr add 10.0.0.100/32 dev lo')
  t.is(addressCommand(asked('10.0.0.100', 'tunl0'), 'del').join(' '), '-4 addr del 10.0.0.100/32 dev tunl0')
  t.is(addressCommand(asked('fd00::1'), 'add').join(' '), '-6 addr add fd00::1/128 dev lo nodad')
})

test('ARP is kept quiet for IPv4, tunnels also need rp_filter, and IPv6 on lo needs nothing', t => {
  const names = (...args: string[]): string[] =>
    settingsOf(asked(...args)).map(({ path, value }) => `${path.slice('net/ipv4/conf/'.length)}=${value}`)
  t.deepEqual(names('10.0.0.100'), ['all/arp_ignore=1', 'all/arp_announce=2'])
  t.deepEqual(names('10.0.0.100', 'tunl0').slice(2), ['all/rp_filter=0', 'tunl0/rp_filter=0'])
  t.deepEqual(names('fd00::1'), [])
})

test('an address that a director has, or with a wide mask, is refused with what to do', t => {
  const on = (nic: string, prefix: number) => lookAt(asked('10.0.0.100'), [{ nic, address: '10.0.0.100', prefix }]) // biome-ignore format: one call
  t.deepEqual(on('lo', 32), { isSet: true })
  t.deepEqual(lookAt(asked('10.0.0.100'), [{ nic: 'lo', address: '127.0.0.1', prefix: 8 }]), { isSet: false })
  const director = on('eth0', 24)
  t.regex('problem' in director ? director.problem : '', /^10\.0\.0\.100 is on eth0, where a director has it/)
  const wide = on('lo', 24)
  t.regex('problem' in wide ? wide.problem : '', /wanted is \/32: run ip addr del 10\.0\.0\.100\/24 dev lo$/)
  const v6 = [{ nic: 'lo', address: 'fd00::1', prefix: 128 }]
  t.deepEqual(lookAt(asked('FD00:0:0::1'), v6), { isSet: true })
})

for (const [args, problem] of [
  [['web'], /wants the address of a virtual service such as 10\.0\.0\.100; found "web"/],
  [['127.0.0.1'], /found "127\.0\.0\.1"/],
  [['10.0.0.100/24'], /found "10\.0\.0\.100\/24"/],
  [['10.0.0.100', 'eth0'], /wants lo \(gate\) or tunl0 \(ipip\); found "eth0"/],
  [['fd00::1', 'tunl0'], /tunl0 carries IPv4 only/],
] as const) {
  test(`LVSRealServer ${args.join(' ')} cannot be meant: start says why, stop has nothing to do`, async t => {
    const start = await lvsRealServer.run(args, 'start', world(t))
    t.is(start.exitCode, 6)
    t.regex(start.output, problem)
    t.is((await lvsRealServer.run(args, 'stop', world(t))).exitCode, 0)
    t.is((await lvsRealServer.run(args, 'status', world(t))).exitCode, 7)
  })
}

test('it claims no service address: the director answers for it, and is no rival', t => {
  t.is(lvsRealServer.serviceAddress, undefined)
  t.is(lvsRealServer.announce, undefined)
})

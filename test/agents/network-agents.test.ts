// IPv6addr, IPsrcaddr, portblock and LVSSyncDaemonSwap: from arguments and facts to commands.
import test from 'ava'
import { readAddresses } from '../../src/agents/host-facts.js'
import {
  planSourceStart,
  planSourceStop,
  prefers,
  readSourceRoutes,
} from '../../src/agents/ipsrcaddr-plan.js'
import { type Ipv6Facts, parseIpv6Argument, planIpv6Start, planIpv6Stop, readIpv6Addresses } from '../../src/agents/ipv6addr-plan.js' // biome-ignore format: one import
import { advertisementFrame, internetChecksum } from '../../src/agents/neighbour-advertisement.js'
import { iptablesRule, nftTable, parsePortblock, planIptables, planNft, wantsDrop } from '../../src/agents/portblock-plan.js' // biome-ignore format: one import
import { lvsSyncDaemonSwap } from '../../src/agents/sync-daemon.js'
import { parseSyncArguments, planSync, readSyncDaemons, readSyncDefaults } from '../../src/agents/sync-daemon-plan.js' // biome-ignore format: one import
import { inSameNetwork6, isIPv6, sameAddress, toBytes } from '../../src/base/ipv6.js'
import { world } from './world.js'

test('an IPv6 address is the same however it is written', t => {
  t.true(sameAddress('2001:DB8:1:0::11', '2001:db8:1::11'))
  t.true(sameAddress('::ffff:10.0.0.1', '::ffff:a00:1'))
  t.false(sameAddress('2001:db8::1', '2001:db8::2'))
  t.true(inSameNetwork6('2001:db8:1::1', '2001:db8:1::ffff', 64))
  t.false(inSameNetwork6('2001:db8:1::1', '2001:db8:2::1', 64))
  t.true(inSameNetwork6('::1', 'ffff::1', 0))
  t.false(isIPv6('fe80::1%eth0'))
  t.is(Buffer.from(toBytes('2001:db8::1')).toString('hex'), '20010db8000000000000000000000001')
})

const v6: Ipv6Facts = {
  nics: ['lo', 'eth0', 'eth1'],
  addresses: readIpv6Addresses(
    '[{"ifname":"eth0","addr_info":[{"family":"inet6","local":"2001:db8:1::1","prefixlen":64,"scope":"global","nodad":true},{"local":"fe80::1","prefixlen":64,"scope":"link"}]},{"ifname":"eth1","addr_info":[{"local":"2001:db8:9::12","prefixlen":64}]}]',
  ),
}
const start6 = (text: string, facts = v6, asksItself = false): string[] => {
  const argument = parseIpv6Argument(text)
  if ('problem' in argument) return ['problem']
  const plan = planIpv6Start(argument, facts, () => asksItself)
  return plan.kind === 'run' ? plan.commands.map(words => words.join(' ')) : [plan.kind]
}

// Argument, then the address as `ip -6 -o addr` showed it after the original's start.
for (const [text, shown] of [
  ['2001:db8:1::10', '2001:db8:1::10/64 dev eth0'],
  ['2001:db8:1::11/64', '2001:db8:1::11/64 dev eth0'],
  ['2001:db8:1::12/128/eth0', '2001:db8:1::12/128 dev eth0'],
  ['2001:db8:9::13', '2001:db8:9::13/64 dev eth1'],
  ['2001:db8:7::1/64/eth1', '2001:db8:7::1/64 dev eth1'],
] as const) {
  test(`IPv6addr ${text} becomes the address that the original sets`, t => {
    t.is(start6(text).at(-1), `-6 addr add ${shown}`)
  })
}

test('an IPv6 address is usable at once where we can ask for duplicates ourselves, else the kernel is awaited', t => {
  const argument = parseIpv6Argument('2001:db8:1::10')
  if ('problem' in argument) return t.fail(argument.problem)
  t.regex(start6('2001:db8:1::10', v6, true).at(-1) ?? '', / nodad$/)
  const plan = planIpv6Start(argument, v6, () => false)
  t.true(plan.kind === 'run' && plan.isDetectedByKernel)
})

test('IPv6addr refuses an address outside of every network and an interface that is not there', t => {
  for (const text of ['2001:db8:8::13', '2001:db8:8::13/64', '2001:db8:8::13/64/eth9'])
    t.deepEqual(start6(text), ['refuse'], text)
  for (const text of ['zzz', '10.0.0.1', '2001:db8::1/200', '2001:db8::1/64/-x', '2001:db8::1/64/eth0/x'])
    t.deepEqual(start6(text), ['problem'], text)
})

test('IPv6addr does nothing where nothing is to be done, and sets a duplicate that was left over anew', t => {
  t.deepEqual(start6('2001:DB8:1:0::1'), ['nothing'])
  const [at] = v6.addresses
  if (!at) return t.fail()
  const duplicate: Ipv6Facts = {
    ...v6,
    addresses: [...v6.addresses, { ...at, address: '2001:db8:1::9', isDuplicate: true }],
  }
  t.deepEqual(start6('2001:db8:1::9', duplicate), [
    '-6 addr del 2001:db8:1::9/64 dev eth0',
    'link set eth0 up',
    '-6 addr add 2001:db8:1::9/64 dev eth0',
  ])
  t.is(planIpv6Stop({ address: '2001:db8:1::77', prefix: null, nic: null }, v6.addresses).kind, 'nothing')
})

test('the neighbour advertisement is the frame of RFC 4861: override, all nodes, hop limit 255, valid checksum', t => {
  const mac = Uint8Array.from([0x46, 0xd8, 0x59, 0xad, 0x9b, 0x78])
  const frame = advertisementFrame(mac, toBytes('2001:db8::1'))
  t.is(Buffer.from(frame.subarray(0, 14)).toString('hex'), '33330000000146d859ad9b7886dd')
  t.deepEqual([frame[14], frame[18], frame[19], frame[20], frame[21]], [0x60, 0, 32, 58, 255])
  t.deepEqual([frame[54], frame[55], frame[58]], [136, 0, 0x20])
  t.is(frame.length, 14 + 40 + 32)
  // RFC 1071: the sum over everything, checksum included, is all ones; its complement is zero.
  const checked = Uint8Array.from([
    ...frame.subarray(22, 54),
    0,
    0,
    0,
    32,
    0,
    0,
    0,
    58,
    ...frame.subarray(54),
  ])
  t.is(internetChecksum(checked), 0)
})

const v4 = {
  ...readAddresses(
    '[{"ifname":"eth0","addr_info":[{"local":"10.77.0.1","prefixlen":24},{"local":"10.77.0.100","prefixlen":24}]},{"ifname":"eth1","addr_info":[{"local":"10.78.0.100","prefixlen":24}]}]',
  ),
  routes: [],
}
const connected = { dst: '10.77.0.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link', prefsrc: '10.77.0.1', flags: [] } // biome-ignore format: one row
const byDefault = { dst: 'default', gateway: '10.77.0.254', dev: 'eth0', protocol: 'dhcp', metric: 100, flags: ['onlink'] } // biome-ignore format: one row
const routesOf = (...rows: object[]) => readSourceRoutes(JSON.stringify(rows))

test('IPsrcaddr gives the default route and the own network the address, and repeats the rest of each route', t => {
  const plan = planSourceStart('10.77.0.100', v4, routesOf(byDefault, connected))
  t.deepEqual(plan.kind === 'run' && plan.commands.map(words => words.join(' ')), [
    '-4 route replace 10.77.0.0/24 dev eth0 proto kernel scope link src 10.77.0.100',
    '-4 route replace default via 10.77.0.254 dev eth0 proto dhcp metric 100 onlink src 10.77.0.100',
  ])
})

test('IPsrcaddr gives the routes back to the first address of the network', t => {
  const held = routesOf({ ...byDefault, prefsrc: '10.77.0.100' }, { ...connected, prefsrc: '10.77.0.100' })
  t.true(prefers('10.77.0.100', held))
  const again = planSourceStart('10.77.0.100', v4, held)
  t.deepEqual(again.kind === 'run' && again.commands, [])
  const plan = planSourceStop('10.77.0.100', v4, held)
  const sources = plan.kind === 'run' && plan.commands.map(words => words.slice(-2).join(' '))
  t.deepEqual(sources, ['src 10.77.0.1', 'src 10.77.0.1'])
  const nothing = planSourceStop('10.77.0.100', v4, routesOf(byDefault, connected))
  t.deepEqual(nothing.kind === 'run' && nothing.commands, [])
})

test('IPsrcaddr refuses an address that is not here, and one whose interface no default route uses', t => {
  const absent = planSourceStart('10.77.0.101', v4, routesOf(byDefault))
  t.true(absent.kind === 'refuse' && absent.exitCode === 5)
  const elsewhere = planSourceStart('10.78.0.100', v4, routesOf(byDefault))
  t.true(elsewhere.kind === 'refuse' && elsewhere.exitCode === 1 && elsewhere.because.includes('eth1'))
})

const ports = (...args: string[]) => {
  const parsed = parsePortblock(args)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

test('block drops at start and unblock drops at stop', t => {
  t.true(wantsDrop(ports('tcp', '80', 'block'), 'start'))
  t.false(wantsDrop(ports('tcp', '80', 'block'), 'stop'))
  t.false(wantsDrop(ports('tcp', '80', 'unblock'), 'start'))
  t.true(wantsDrop(ports('tcp', '80', 'unblock'), 'stop'))
})

test('block and unblock of the same ports mean the same table; other ports mean another', t => {
  const table = (...args: string[]) => nftTable(ports(...args))
  t.is(table('tcp', '80', 'block'), table('tcp', '80', 'unblock'))
  const names = [['tcp', '80'], ['udp', '80'], ['tcp', '80,81'], ['tcp', '80:81'], ['tcp', 'http']].map(([a = '', b = '']) => table(a, b, 'block')) // biome-ignore format: one table
  t.is(new Set(names).size, names.length)
  t.true(names.every(name => /^[a-z0-9_]+$/.test(name)))
})

test('the nft transaction is the same however often it is asked for', t => {
  const { input } = planNft(ports('udp', '53,5000:5010', 'block'), true)
  t.true(input?.startsWith('add table inet systole_portblock_udp_53_5000_to_5010\ndelete table inet'))
  t.true(input?.includes('udp dport { 53, 5000-5010 } drop comment "systole portblock"'))
  t.false(planNft(ports('udp', '53', 'block'), false).input?.includes('drop'))
})

test('iptables is asked to change only what is not yet so, and only a rule with our comment', t => {
  const asked = ports('tcp', '80,443', 'block')
  t.is(planIptables(asked, true, true), null)
  t.is(planIptables(asked, false, false), null)
  t.deepEqual(planIptables(asked, true, false)?.args.slice(0, 4), ['-w', '5', '-I', 'INPUT'])
  t.deepEqual(planIptables(asked, false, true)?.args.slice(2, 4), ['-D', 'INPUT'])
  t.true(iptablesRule(asked).includes('systole portblock'))
})

test('portblock refuses what is no protocol, port list or action', t => {
  for (const args of [['sctp', '80', 'block'], ['tcp', '0', 'block'], ['tcp', '65536', 'block'], ['tcp', 'x.y', 'block'], ['tcp', '1:2:3', 'block'], ['tcp', '80', 'foo'], ['tcp', '80 } accept', 'block'], ['tcp', '', 'block']]) // biome-ignore format: one list
    t.true('problem' in parsePortblock(args), args.join(' '))
})

const master = 'master sync daemon (mcast=eth2, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)'
const backup = master.replace('master', 'backup')

test('the listing of ipvsadm 1.31 is read, with none, one or both daemons', t => {
  t.deepEqual(readSyncDaemons(''), [])
  t.deepEqual(readSyncDaemons(`${master}\n${backup}\n`), [
    { role: 'master', nic: 'eth2', syncId: 7 },
    { role: 'backup', nic: 'eth2', syncId: 7 },
  ])
})

test('a start swaps backup for master, a stop swaps back, and neither is done twice', t => {
  const asked = { role: 'master', nic: 'eth2', syncId: 7 } as const
  const toMaster = ['--start-daemon', 'master', '--mcast-interface', 'eth2', '--syncid', '7']
  const toBackup = toMaster.with(1, 'backup')
  t.deepEqual(planSync('start', asked, readSyncDaemons(backup)), [['--stop-daemon', 'backup'], toMaster])
  t.deepEqual(planSync('start', asked, readSyncDaemons(master)), [])
  t.deepEqual(planSync('start', asked, []), [toMaster])
  t.deepEqual(planSync('stop', asked, readSyncDaemons(master)), [['--stop-daemon', 'master'], toBackup])
  t.deepEqual(planSync('stop', asked, readSyncDaemons(backup)), [])
  const moved = planSync('start', { ...asked, nic: 'eth1' }, readSyncDaemons(master))
  t.deepEqual(
    moved.map(words => words[0]),
    ['--stop-daemon', '--start-daemon'],
  )
})

test('interface and sync id come from the arguments, then from the file of the distribution, then eth0 and 0', t => {
  const file = '# comment\nAUTO="false"\nDAEMON="none"\nIFACE="eth1"\t\nSYNCID=9\n'
  t.deepEqual(readSyncDefaults(file), { nic: 'eth1', syncId: 9 })
  t.deepEqual(parseSyncArguments(['backup'], readSyncDefaults(file)), {
    role: 'backup',
    nic: 'eth1',
    syncId: 9,
  })
  t.deepEqual(parseSyncArguments([], { nic: null, syncId: null }), { role: 'master', nic: 'eth0', syncId: 0 })
  for (const args of [['owner'], ['master', '-x'], ['master', 'eth0', '256']])
    t.true('problem' in parseSyncArguments(args, { nic: null, syncId: null }), args.join(' '))
})

test('LVSSyncDaemonSwap drives ipvsadm, and is stopped where the kernel has no IPVS', async t => {
  const context = world(t)
  context.program(
    'ipvsadm',
    `case "$1" in
-L) [ -f ${context.root}/role ] && echo "$(cat ${context.root}/role) sync daemon (mcast=eth2, syncid=7, maxlen=1472)"; exit 0;;
--stop-daemon) rm ${context.root}/role;;
--start-daemon) echo "$2" > ${context.root}/role;;
esac`,
  )
  const run = async (action: string) =>
    (await lvsSyncDaemonSwap.run(['master', 'eth2', '7'], action, context)).exitCode
  t.deepEqual(
    [await run('status'), await run('start'), await run('start'), await run('status')],
    [7, 0, 0, 0],
  )
  t.deepEqual([await run('stop'), await run('stop'), await run('status')], [0, 0, 7])
  t.is(context.logged.length, 3)
  context.program('ipvsadm', 'echo "Can\'t initialize ipvs: Protocol not available" >&2; exit 255')
  t.deepEqual([await run('status'), await run('stop'), await run('start')], [7, 0, 1])
})

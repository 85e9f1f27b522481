/**
 * Direct routing by nftables, between namespaces on the real kernel: the real servers hold the virtual addresses on lo and
 * answer the client themselves. Expected is what Linux does with the same table in IPVS.
 */
import type { ServiceKey, Table } from '../../../src/ldirectord/core/table.js'
import type { DestinationCounters } from '../../../src/ldirectord/forwarders/forwarder.js'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { boundClients, scene, server, service, tally, toWeb, web } from './scene.js'
import type { Target } from './station.js'
import { realAddress, realAddress6, VIRTUAL, VIRTUAL6 } from './street.js'

const test = peerTest('root', 'net-admin', 'nftables', 'iproute2', 'util-linux', 'procps', 'python3')

const gate = (n: number, weight = 1, over = {}) => server(n, weight, { method: 'gate', port: 80, ...over })

test('gate: weights are honoured; weight 0 keeps what is open; a removed server loses it; none left is refused at once', async t => {
  const [act, { director }] = await scene(t, 'segment')
  await act.add(service(web), gate(1, 1), gate(2, 2), gate(3, 3))
  director.run('ip', 'neigh', 'flush', 'all')
  t.deepEqual(tally(await act.ask(12)), { 'real 1': 2, 'real 2': 4, 'real 3': 6 }, 'the neighbours are found')
  const shown = (await director.tell({ op: 'read' })) as Table
  t.deepEqual(
    shown.services[0]!.destinations.map(({ address, method, weight }) => [address, method, weight]),
    [
      [realAddress(1), 'gate', 1],
      [realAddress(2), 'gate', 2],
      [realAddress(3), 'gate', 3],
    ],
  )
  const counted = async () => {
    const counters = (await director.tell({ op: 'counters' })) as DestinationCounters[]
    return counters.map(entry => [entry.activeConnections, entry.inactiveConnections])
  }
  t.deepEqual(await counted(), [
    [0, 2],
    [0, 4],
    [0, 6],
  ])

  await act.weigh(web, gate(2, 0))
  await act.weigh(web, gate(3, 0))
  t.is(await act.open('kept'), 'real 1')
  await act.weigh(web, gate(2, 1))
  await act.weigh(web, gate(1, 0))
  t.deepEqual(tally(await act.ask(4)), { 'real 2': 4 })
  t.is(await act.say('kept'), 'real 1')
  t.deepEqual((await counted())[0], [1, 2])

  await act.apply({ kind: 'deleteDestination', key: web, destination: gate(1, 0) })
  t.is(await act.say('kept'), 'ECONNRESET', 'as IPVS with expire_nodest_conn=1')
  await act.weigh(web, gate(2, 0))
  t.deepEqual(await act.ask(1), ['ECONNREFUSED'])
  await act.apply({ kind: 'deleteService', key: web })
  t.deepEqual(await director.tell({ op: 'read' }), { services: [] })
  t.is(director.run('/usr/sbin/nft', 'list', 'tables'), '')
})

test('gate: persistence, marks over two ports, UDP, IPv6, every port and hashing find their servers', async t => {
  const [act, { client, director }] = await scene(t, 'segment')
  const { from, mine, chosen } = await boundClients(t, act, director, n => gate(n))
  await act.weigh(web, gate(chosen, 0))
  t.deepEqual(await act.ask(2, from(2)), [mine, mine], 'as IPVS with expire_quiescent_template=0')
  await act.apply({ kind: 'deleteDestination', key: web, destination: gate(chosen, 0) })
  t.not((await act.ask(1, from(2)))[0], mine)
  await act.apply({ kind: 'deleteService', key: web })

  director.run(
    '/usr/sbin/nft',
    `add table inet marks; add chain inet marks pre { type filter hook prerouting priority mangle; }; add rule inet marks pre ip daddr ${VIRTUAL} tcp dport { 80, 443 } meta mark set 7`,
  )
  const mark: ServiceKey = { protocol: 'fwm', family: 4, mark: 7 }
  await act.add(service(mark, { persistentSeconds: 60 }), gate(1, 1, { port: 0 }), gate(2, 1, { port: 0 }))
  const [first] = await act.ask(1)
  t.deepEqual(await act.ask(2, { ...toWeb, port: 443 }), [first, first])
  t.is(await act.open('marked'), first!)
  t.is(await act.say('marked'), first)
  await act.apply({ kind: 'deleteService', key: mark })

  const dns: ServiceKey = { protocol: 'udp', family: 4, address: VIRTUAL, port: 53 }
  await act.add(service(dns, { scheduler: 'rr' }), gate(1, 5, { port: 53 }), gate(2, 1, { port: 53 }))
  t.deepEqual(tally(await act.ask(4, { protocol: 'udp', address: VIRTUAL, port: 53 })), {
    'real 1': 2,
    'real 2': 2,
  })
  const send = async () =>
    (await client.tell({
      op: 'send',
      target: { protocol: 'udp', address: VIRTUAL, port: 53 },
      times: 4,
    })) as string[]
  t.is(new Set(await send()).size, 1, 'the packets of a socket stay together')
  await act.apply({ kind: 'editService', service: service(dns, { scheduler: 'rr', ops: true }) })
  t.deepEqual(tally(await send()), { 'real 1': 2, 'real 2': 2 }, 'unless each is scheduled')
  const everything: ServiceKey = { protocol: 'tcp', family: 4, address: VIRTUAL, port: 0 }
  await act.add(service(everything, { persistentSeconds: 60 }), gate(2, 1, { port: 0 }))
  t.deepEqual(await act.ask(1, { ...toWeb, port: 443 }), ['real 2'])
  await act.add(service(web, { scheduler: 'sh' }), gate(1), gate(2), gate(3))
  t.is(new Set(await act.ask(6)).size, 1)

  const web6: ServiceKey = { protocol: 'tcp', family: 6, address: VIRTUAL6, port: 80 }
  const gate6 = (n: number, weight = 1) => gate(n, weight, { address: realAddress6(n) })
  const toWeb6: Target = { protocol: 'tcp', address: VIRTUAL6, port: 80 }
  await act.add(service(web6), gate6(1, 1), gate6(3, 3))
  t.deepEqual(tally(await act.ask(4, toWeb6)), { 'real 1': 1, 'real 3': 3 })
  await act.weigh(web6, gate6(1, 0))
  t.is(await act.open('kept6', toWeb6), 'real 3')
  await act.weigh(web6, gate6(1, 1))
  await act.weigh(web6, gate6(3, 0))
  t.is(await act.say('kept6'), 'real 3')
  const counters = (await director.tell({ op: 'counters' })) as DestinationCounters[]
  const active = counters.filter(({ activeConnections }) => activeConnections > 0)
  t.deepEqual(
    active.map(({ address, activeConnections }) => [address, activeConnections]),
    [[realAddress6(3), 1]],
  )
  await act.apply({ kind: 'deleteDestination', key: web6, destination: gate6(3, 0) })
  t.is(await act.say('kept6'), 'ECONNRESET')
})

test('gate beside masq and the machine itself share by weight; what was edited by hand is seen', async t => {
  const [act, { director }] = await scene(t, 'segment')
  await director.tell({ op: 'serve', protocol: 'tcp', port: 8081 })
  const here = (weight: number) => server(0, weight, { address: '127.0.0.1', port: 8081 })
  await act.add(service(web), gate(1, 2), here(1))
  t.deepEqual(tally(await act.ask(6)), { director: 2, 'real 1': 4 })
  await act.weigh(web, gate(1, 0))
  t.deepEqual(await act.ask(2), ['director', 'director'])
  await act.weigh(web, here(0))
  t.deepEqual(await act.ask(1), ['ECONNREFUSED'])
  await act.weigh(web, gate(1, 1))
  t.deepEqual(await act.ask(2), ['real 1', 'real 1'])

  t.is(await act.open('kept'), 'real 1')
  director.run('/usr/sbin/nft', 'flush', 'chain', 'ip', 'systole', `tcp_${VIRTUAL}_80`)
  t.deepEqual(await director.tell({ op: 'read' }), { services: [] }, 'it does not do what it says')
  await act.add(service(web), gate(1), gate(2, 0))
  t.is(await act.say('kept'), 'real 1')
  t.deepEqual(await act.ask(2), ['real 1', 'real 1'])
  await act.apply({ kind: 'deleteService', key: web })
  t.is(director.run('/usr/sbin/nft', 'list', 'tables'), '')
})

test('gate beside masq: they share by weight, bind their clients, and an edit from one to the other moves new connections', async t => {
  const [act, { director, reals }] = await scene(t, 'segment')
  director.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.br0.send_redirects=0')
  for (const real of reals) await real.tell({ op: 'serve', protocol: 'tcp', port: 8080 })
  /** Where a real server's open connections were called: the service's address by gate, its own by masq. */
  const called = (n: number): string[] =>
    reals[n - 1]!.run('ss', '-Htn', 'state', 'established')
      .trim()
      .split('\n')
      .flatMap(line => /\[::ffff:([\d.]+)\]:(\d+)/.exec(line)?.slice(1, 3).join(':') ?? [])
  const masq = (n: number, weight = 1) => server(n, weight)

  await act.add(service(web), gate(1, 2), masq(2, 1))
  t.deepEqual(tally(await act.ask(6)), { 'real 1': 4, 'real 2': 2 })
  await act.weigh(web, gate(1, 0))
  t.is(await act.open('translated'), 'real 2')
  t.deepEqual(called(2), [`${realAddress(2)}:8080`])
  await act.weigh(web, gate(1, 1))
  await act.weigh(web, masq(2, 0))
  t.is(await act.open('routed'), 'real 1')
  t.deepEqual(called(1), [`${VIRTUAL}:80`])
  t.deepEqual([await act.say('translated'), await act.say('routed')], ['real 2', 'real 1'])
  const counters = (await director.tell({ op: 'counters' })) as DestinationCounters[]
  t.deepEqual(
    counters.map(({ activeConnections }) => activeConnections),
    [1, 1],
  )
  await act.apply({ kind: 'deleteService', key: web })

  // One server, whose method is edited while it has connections.
  const same = (method: 'gate' | 'masq', weight = 1) => server(3, weight, { method, port: 80 })
  await act.add(service(web), same('masq'))
  t.is(await act.open('before'), 'real 3')
  await act.weigh(web, same('gate'))
  t.is(await act.say('before'), 'real 3', 'what was translated goes on')
  t.is(await act.open('after'), 'real 3')
  t.deepEqual(called(3).sort(), [`${VIRTUAL}:80`, `${realAddress(3)}:80`].sort())
  const shown = (await director.tell({ op: 'read' })) as Table
  t.deepEqual(shown.services[0]!.destinations, [same('gate')])

  await act.weigh(web, same('masq'))
  t.is(await act.say('after'), 'ECONNRESET', 'what was routed ends')
  t.is(await act.say('before'), 'real 3')
  t.is(await act.open('again'), 'real 3')
  t.is(called(3).filter(place => place === `${realAddress(3)}:80`).length, 2)
  t.notRegex(director.run('/usr/sbin/nft', 'list', 'tables'), /table ip6? systole/, 'no gate is left')

  // The same beside another server that stays routed.
  await act.apply({ kind: 'addDestination', key: web, destination: gate(1, 0) })
  await act.weigh(web, same('gate'))
  t.is(await act.open('beside'), 'real 3')
  await act.weigh(web, same('masq'))
  t.is(await act.say('beside'), 'ECONNRESET')
  t.is(await act.say('again'), 'real 3')
  t.deepEqual(await act.ask(2), ['real 3', 'real 3'])
  await act.apply({ kind: 'deleteService', key: web })

  const second = (method: 'gate' | 'masq') => server(2, 1, { method, port: 80 })
  await act.add(service(web, { persistentSeconds: 300 }), gate(1), second('masq'))
  const bound = new Map<string, string>()
  const from = [2, 3, 4].map(host => ({ ...toWeb, from: `10.98.0.${host}` }))
  for (const target of from) bound.set(target.from, (await act.ask(1, target))[0]!)
  t.is(new Set(bound.values()).size, 2, 'both have clients')
  for (const target of from) {
    const wanted = bound.get(target.from)!
    t.deepEqual(await act.ask(2, target), [wanted, wanted], target.from)
  }
})

/** Sends "fragmentation needed" (IPv6: "packet too big") about a packet of the service; its checksum is the kernel's with IPv6. */
const ERROR = `
import socket, struct, sys
virtual, client, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
v6 = ':' in virtual
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
pack = lambda a: socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, a)
ports = struct.pack('!HHI', 80, port, 1)
if v6:
    quoted = struct.pack('!IHBB', 0x60000000, 20, 6, 60) + pack(virtual) + pack(client) + ports
    packet = struct.pack('!BBHI', 2, 0, 0, 1280) + quoted
    out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
else:
    quoted = struct.pack('!BBHHHBBH', 0x45, 0, 1500, 1, 0x4000, 60, 6, 0) + pack(virtual) + pack(client) + ports
    packet = struct.pack('!BBHHH', 3, 4, 0, 0, 1400) + quoted
    packet = packet[:2] + struct.pack('!H', checksum(packet)) + packet[4:]
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
out.sendto(packet, (virtual, 0))
`

test('gate: an ICMP error about a connection reaches the real servers of its service and no others', async t => {
  const [act, { client, reals }] = await scene(t, 'segment')
  const web6: ServiceKey = { protocol: 'tcp', family: 6, address: VIRTUAL6, port: 80 }
  await act.add(service(web), gate(1), gate(2))
  await act.add(service(web6), gate(3, 1, { address: realAddress6(3) }))
  const heard = (file: string, counter: RegExp) =>
    reals.map(real => Number(counter.exec(real.run('cat', file))?.[1] ?? 0))
  const errors4 = () => heard('/proc/net/snmp', /^Icmp: \d+ \d+ \d+ (\d+)/m)
  const errors6 = () => heard('/proc/net/snmp6', /Icmp6InPktTooBigs\s+(\d+)/)
  const send = (...words: string[]) => client.run('/usr/bin/python3', '-c', ERROR, ...words)
  t.deepEqual([errors4(), errors6()], [[0, 0, 0], [0, 0, 0]]) // biome-ignore format: one table
  send(VIRTUAL, '10.98.0.2', '40000')
  send(VIRTUAL6, 'fd98::2', '40000')
  await until('the errors have arrived', 10_000, () => errors4()[1]! > 0 && errors6()[2]! > 0)
  t.deepEqual([errors4(), errors6()], [[1, 1, 0], [0, 0, 1]]) // biome-ignore format: one table
})

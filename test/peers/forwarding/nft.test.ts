/**
 * Traffic through the nftables forwarder, between namespaces on the real kernel. Expected is what Linux does with the
 * same table in IPVS (docs/forwarders.md), seen by a client.
 */
import type { ServiceKey, Table } from '../../../src/ldirectord/core/table.js'
import type { DestinationCounters } from '../../../src/ldirectord/forwarders/forwarder.js'
import { peerTest } from '../require.js'
import { boundClients, scene, server, service, tally, toWeb, web } from './scene.js'
import { realAddress, realAddress6, VIRTUAL, VIRTUAL6 } from './street.js'

const test = peerTest('root', 'net-admin', 'nftables', 'iproute2', 'util-linux', 'procps')

test('weights are honoured; weight 0 keeps what is open; a removed server loses it; none left is refused at once', async t => {
  const [act, { director }] = await scene(t)
  await act.add(service(web), server(1, 1), server(2, 2), server(3, 3))
  t.deepEqual(tally(await act.ask(12)), { 'real 1': 2, 'real 2': 4, 'real 3': 6 })

  await act.weigh(web, server(2, 0))
  await act.weigh(web, server(3, 0))
  t.is(await act.open('kept'), 'real 1')
  await act.weigh(web, server(2, 1))
  await act.weigh(web, server(1, 0))
  t.deepEqual(tally(await act.ask(4)), { 'real 2': 4 })
  t.is(await act.say('kept'), 'real 1')
  const counters = (await director.tell({ op: 'counters' })) as DestinationCounters[]
  t.deepEqual(
    counters.map(({ address, activeConnections }) => [address, activeConnections]),
    [
      [realAddress(1), 1],
      [realAddress(2), 0],
      [realAddress(3), 0],
    ],
  )

  await act.apply({ kind: 'deleteDestination', key: web, destination: server(1, 0) })
  t.is(await act.say('kept'), 'ECONNRESET')
  await act.weigh(web, server(2, 0))
  t.deepEqual(await act.ask(1), ['ECONNREFUSED'])
  await act.apply({ kind: 'deleteService', key: web })
  t.deepEqual(await director.tell({ op: 'read' }), { services: [] })
})

test('a persistent client stays with its server through weight 0, until the server is removed; its neighbours of the mask too', async t => {
  const [act, { director }] = await scene(t)
  const { from, mine, chosen } = await boundClients(t, act, director, n => server(n))

  await act.weigh(web, server(chosen, 0))
  t.deepEqual(await act.ask(2, from(2)), [mine, mine], 'as IPVS with expire_quiescent_template=0')
  await act.apply({ kind: 'deleteDestination', key: web, destination: server(chosen, 0) })
  t.not((await act.ask(1, from(2)))[0], mine)
})

test('UDP, IPv6, a mark over two ports, all ports of an address, and hashing by source each find their server', async t => {
  const [act, { director, reals }] = await scene(t)
  for (const real of reals) await real.tell({ op: 'serve', protocol: 'tcp', port: 8443 })
  await act.add(
    service({ protocol: 'udp', family: 4, address: VIRTUAL, port: 53 }, { scheduler: 'rr' }),
    server(1, 5, { port: 8053 }),
    server(2, 1, { port: 8053 }),
  )
  t.deepEqual(tally(await act.ask(4, { protocol: 'udp', address: VIRTUAL, port: 53 })), {
    'real 1': 2,
    'real 2': 2,
  })

  const web6: ServiceKey = { protocol: 'tcp', family: 6, address: VIRTUAL6, port: 80 }
  await act.add(service(web6, { persistentSeconds: 60, netmask: '64' }), {
    ...server(1),
    address: realAddress6(3),
  })
  t.deepEqual(await act.ask(2, { protocol: 'tcp', address: VIRTUAL6, port: 80 }), ['real 3', 'real 3'])

  director.run(
    '/usr/sbin/nft',
    `add table inet marks; add chain inet marks pre { type filter hook prerouting priority mangle; }; add rule inet marks pre ip daddr ${VIRTUAL} tcp dport { 8080, 8443 } meta mark set 7`,
  )
  const mark: ServiceKey = { protocol: 'fwm', family: 4, mark: 7 }
  await act.add(
    service(mark, { persistentSeconds: 60 }),
    server(1, 1, { port: 0 }),
    server(2, 1, { port: 0 }),
  )
  const [first] = await act.ask(1, { ...toWeb, port: 8080 })
  t.deepEqual(await act.ask(2, { ...toWeb, port: 8443 }), [first, first])

  const everything: ServiceKey = { protocol: 'tcp', family: 4, address: VIRTUAL, port: 0 }
  await act.apply({ kind: 'deleteService', key: mark })
  await act.add(service(everything, { persistentSeconds: 60 }), server(2, 1, { port: 0 }))
  t.deepEqual(await act.ask(1, { ...toWeb, port: 8443 }), ['real 2'])

  await act.add(service(web, { scheduler: 'sh' }), server(1), server(2), server(3))
  t.is(new Set(await act.ask(6)).size, 1)
})

test('what was edited by hand is seen, rules of others are left alone, and a server of this machine answers itself', async t => {
  const [act, { director }] = await scene(t)
  const nft = (...words: string[]) => director.run('/usr/sbin/nft', ...words)
  nft('add table inet mine; add chain inet mine input { type filter hook input priority 0; }')
  await act.add(service(web), server(1), server(2))
  nft('flush', 'chain', 'inet', 'systole', `tcp_${VIRTUAL}_80`)
  const damaged = (await director.tell({ op: 'read' })) as Table
  t.deepEqual(damaged, { services: [] })
  await act.add(service(web), server(1))
  t.deepEqual(await act.ask(2), ['real 1', 'real 1'])

  await director.tell({ op: 'serve', protocol: 'tcp', port: 8081 })
  await act.apply(
    { kind: 'addDestination', key: web, destination: server(0, 1, { address: '127.0.0.1', port: 8081 }) },
    { kind: 'deleteDestination', key: web, destination: server(1) },
  )
  t.deepEqual(await act.ask(2), ['director', 'director'])
  await act.apply({ kind: 'deleteService', key: web })
  t.regex(nft('list', 'tables'), /^table inet mine$/m)
})

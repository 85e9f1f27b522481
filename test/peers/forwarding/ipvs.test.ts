/**
 * Traffic through a kernel with IPVS, its table made by our forwarder: what ldirectord.cf can ask for, seen by a client.
 * Masquerading with another port, direct routing, tunnels, marks, persistence, weights, UDP and IPv6.
 */
import type { ExecutionContext } from 'ava'
import type { Destination, Service, ServiceKey } from '../../../src/ldirectord/core/table.js'
import { destinationOf, serviceOf } from '../../ldirectord/proxy/table-values.js'
import { ipvsVm } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { peerTest } from '../require.js'
import { guestForwarder } from './guest.js'
import { tally } from './scene.js'
import type { Target } from './station.js'
import { Station } from './street.js'

const test = peerTest(...IPVS_GUEST)

const VIRTUAL = '10.77.0.200'
const VIRTUAL6 = 'fd77::200'
const HTTP = 80
const HTTPS = 443
const MARK = 5
const MARKED = [8080, 8443] as const
const signal = AbortSignal.timeout(60_000)

const keyOf = (port: number, protocol: 'tcp' | 'udp' = 'tcp'): ServiceKey => ({
  protocol,
  family: 4,
  address: VIRTUAL,
  port,
})
const at = (port: number, over: Partial<Target> = {}): Target => ({
  protocol: 'tcp',
  address: VIRTUAL,
  port,
  ...over,
})
/** Reals 1 and 2 are behind the director, 3 and 4 beside it for direct routing, 5 beside it with a tunnel. */
async function scene(t: ExecutionContext) {
  const vm = await ipvsVm(t, '1')
  const virtual = `${VIRTUAL},${VIRTUAL6}`
  const ports = `${HTTP},${HTTPS},${MARKED.join()}`
  await Promise.all(
    [
      ['1', '--mode', 'nat'],
      ['2', '--mode', 'nat'],
      ['3', '--mode', 'dr', '--vip', virtual],
      ['4', '--mode', 'dr', '--vip', virtual],
      ['5', '--mode', 'tun', '--vip', VIRTUAL],
    ].map(([n, ...mode]) => vm.command('real', n!, 'start', ...mode, '--serve', ports)),
  )
  const guest = (...words: string[]) => vm.command('exec', 'dir1', '-t', '20', ...words)
  await guest(
    'sh',
    '-c',
    `ip address add ${VIRTUAL}/24 dev eth0; ip -6 address add ${VIRTUAL6}/64 dev eth0 nodad
ip address add 10.77.1.1/24 dev eth1; ip -6 address add fd77:1::1/64 dev eth1 nodad
iptables -t mangle -A PREROUTING -d ${VIRTUAL} -p tcp -m multiport --dports ${MARKED.join()} -j MARK --set-mark ${MARK}
ip6tables -t mangle -A PREROUTING -d ${VIRTUAL6} -p tcp -m multiport --dports ${MARKED.join()} -j MARK --set-mark ${MARK}`,
  )
  const client = await Station.within(t, 'client', ['nsenter', `--net=/run/netns/${vm.name}-c1`])
  const forwarder = guestForwarder(t, vm)
  const add = async (key: ServiceKey, over: Partial<Service>, ...destinations: Destination[]) => {
    const service = serviceOf(key, { scheduler: 'wrr', ...over })
    const edits = [
      { kind: 'addService' as const, service },
      ...destinations.map(destination => ({ kind: 'addDestination' as const, key, destination })),
    ]
    for (const { error } of await forwarder.apply(edits, signal)) t.is(error, null)
  }
  const weigh = async (key: ServiceKey, destination: Destination) => {
    const [result] = await forwarder.apply([{ kind: 'editDestination', key, destination }], signal)
    t.is(result!.error, null)
  }
  const ask = async (target: Target, times: number) =>
    (await client.tell({ op: 'ask', target, times })) as string[]
  /** Another server beside real N, which answers from the service's address. */
  const answerAt = async (n: number, port: number) => {
    const station = await Station.within(t, `real ${n}`, ['nsenter', `--net=/run/netns/${vm.name}-r${n}`])
    await station.tell({ op: 'serve', protocol: 'udp', port, address: VIRTUAL })
  }
  return { guest, client, forwarder, add, weigh, ask, answerAt }
}

test('masq maps ports and honours weights; weight 0 keeps what is open; gate, ipip, marks, persistence, UDP and IPv6 arrive', async t => {
  const { client, forwarder, add, weigh, ask } = await scene(t)

  const mapped = keyOf(8000)
  await add(mapped, {}, destinationOf('10.77.1.21', HTTP), destinationOf('10.77.1.22', HTTPS, { weight: 3 }))
  t.deepEqual(tally(await ask(at(8000), 8)), { 'real 1': 2, 'real 2': 6 })
  await weigh(mapped, destinationOf('10.77.1.22', HTTPS, { weight: 0 }))
  t.is(await client.tell({ op: 'open', id: 'kept', target: at(8000) }), 'real 1')
  await weigh(mapped, destinationOf('10.77.1.21', HTTP, { weight: 0 }))
  await weigh(mapped, destinationOf('10.77.1.22', HTTPS, { weight: 1 }))
  t.deepEqual(tally(await ask(at(8000), 3)), { 'real 2': 3 }, 'new ones go elsewhere')
  t.is(await client.tell({ op: 'say', id: 'kept' }), 'real 1', 'what is open stays')
  const counted = (await forwarder.counters(signal)).find(({ address }) => address === '10.77.1.21')
  t.is(counted?.activeConnections, 1)
  await weigh(mapped, destinationOf('10.77.1.22', HTTPS, { weight: 0 }))
  t.deepEqual(await ask(at(8000), 1), ['ECONNREFUSED'], 'none left refuses at once')

  const gate = { method: 'gate' as const }
  await add(
    keyOf(HTTP),
    { scheduler: 'rr' },
    destinationOf('10.77.0.23', HTTP, gate),
    destinationOf('10.77.0.24', HTTP, gate),
  )
  t.deepEqual(tally(await ask(at(HTTP), 4)), { 'real 3': 2, 'real 4': 2 })

  await add(keyOf(HTTPS), {}, destinationOf('10.77.0.25', HTTPS, { method: 'ipip' }))
  t.deepEqual(await ask(at(HTTPS), 2), ['real 5', 'real 5'])

  const mark: ServiceKey = { protocol: 'fwm', family: 4, mark: MARK }
  await add(
    mark,
    { scheduler: 'rr', persistentSeconds: 60 },
    destinationOf('10.77.1.21', 0),
    destinationOf('10.77.1.22', 0),
  )
  const [first] = await ask(at(MARKED[0]), 1)
  t.deepEqual(await ask(at(MARKED[1]), 2), [first, first], 'both ports of a client are with one server')

  const persistent = keyOf(8001)
  await add(
    persistent,
    { scheduler: 'rr', persistentSeconds: 300, netmask: '255.255.255.0' },
    destinationOf('10.77.1.21', HTTP),
    destinationOf('10.77.1.22', HTTP),
  )
  const [mine] = await ask(at(8001), 1)
  t.deepEqual(tally(await ask(at(8001), 4)), { [mine!]: 4 })
  await weigh(persistent, destinationOf(mine === 'real 1' ? '10.77.1.21' : '10.77.1.22', HTTP, { weight: 0 }))
  t.deepEqual(await ask(at(8001), 2), [mine, mine], 'expire_quiescent_template=0')

  await add(
    keyOf(53, 'udp'),
    { scheduler: 'rr' },
    destinationOf('10.77.1.21', HTTP),
    destinationOf('10.77.1.22', HTTP),
  )
  t.deepEqual(tally(await ask(at(53, { protocol: 'udp' }), 4)), { 'real 1 who': 2, 'real 2 who': 2 })

  const web6: ServiceKey = { protocol: 'tcp', family: 6, address: VIRTUAL6, port: 8000 }
  await add(web6, { scheduler: 'rr' }, destinationOf('fd77:1::21', HTTP), destinationOf('fd77:1::22', HTTP))
  const over6 = { protocol: 'tcp' as const, address: VIRTUAL6, port: 8000 }
  t.deepEqual(tally(await ask(over6, 4)), { 'real 1': 2, 'real 2': 2 })
})

test('IPv6 by gate and by mark, one-packet scheduling, thresholds, hashing with the port: each as asked', async t => {
  const { client, forwarder, add, ask, answerAt } = await scene(t)

  const gate = { method: 'gate' as const }
  const web6: ServiceKey = { protocol: 'tcp', family: 6, address: VIRTUAL6, port: HTTP }
  await add(
    web6,
    { scheduler: 'rr' },
    destinationOf('fd77::23', HTTP, gate),
    destinationOf('fd77::24', HTTP, gate),
  )
  const over6 = (port: number): Target => ({ protocol: 'tcp', address: VIRTUAL6, port })
  t.deepEqual(tally(await ask(over6(HTTP), 4)), { 'real 3': 2, 'real 4': 2 })

  const mark6: ServiceKey = { protocol: 'fwm', family: 6, mark: MARK }
  await add(
    mark6,
    { scheduler: 'rr', persistentSeconds: 60, netmask: '64' },
    destinationOf('fd77:1::21', 0),
    destinationOf('fd77:1::22', 0),
  )
  const [first] = await ask(over6(MARKED[0]), 1)
  t.deepEqual(await ask(over6(MARKED[1]), 2), [first, first])

  // One socket: its packets stay together, unless each is scheduled.
  const each = 5353
  for (const n of [3, 4]) await answerAt(n, each)
  await add(
    keyOf(each, 'udp'),
    { scheduler: 'rr', ops: true },
    destinationOf('10.77.0.23', each, gate),
    destinationOf('10.77.0.24', each, gate),
  )
  const apart = await client.tell({ op: 'send', target: at(each, { protocol: 'udp' }), times: 4 })
  t.deepEqual(tally(apart as string[]), { 'real 3': 2, 'real 4': 2 })
  await add(
    keyOf(53, 'udp'),
    { scheduler: 'rr' },
    destinationOf('10.77.1.21', HTTP),
    destinationOf('10.77.1.22', HTTP),
  )
  const together = (await client.tell({
    op: 'send',
    target: at(53, { protocol: 'udp' }),
    times: 3,
  })) as string[]
  t.is(new Set(together).size, 1)

  const bounded = { upper: 1, lower: 0 }
  await add(
    keyOf(8002),
    { scheduler: 'rr' },
    destinationOf('10.77.1.21', HTTP, bounded),
    destinationOf('10.77.1.22', HTTP, bounded),
  )
  const open = (id: string) => client.tell({ op: 'open', id, target: at(8002) })
  t.deepEqual([await open('a'), await open('b')].sort(), ['real 1', 'real 2'])
  t.deepEqual(await ask(at(8002), 1), ['ECONNREFUSED'], 'both are full')

  await add(
    keyOf(8003),
    { scheduler: 'sh' },
    destinationOf('10.77.1.21', HTTP),
    destinationOf('10.77.1.22', HTTP),
  )
  t.is(new Set(await ask(at(8003), 8)).size, 1)
  await add(
    keyOf(8004),
    { scheduler: 'sh', schedulerFlags: 'sh-port' },
    destinationOf('10.77.1.21', HTTP),
    destinationOf('10.77.1.22', HTTP),
  )
  t.is(new Set(await ask(at(8004), 40)).size, 2)
  t.deepEqual(
    (await forwarder.read(signal)).services
      .map(({ ops, schedulerFlags }) => [ops, schedulerFlags])
      .filter(([ops, flags]) => ops || flags),
    [
      [false, 'sh-port'],
      [true, ''],
    ],
  )
})

/**
 * Two directors with IPVS whose sync daemons are swapped by LVSSyncDaemonSwap: when the one that forwards loses its power,
 * its connections and persistent clients go on through the other, which then holds the addresses.
 */
import type { Destination, Edit, Service, ServiceKey } from '../../../src/ldirectord/core/table.js'
import { destinationOf, serviceOf, tcp } from '../../ldirectord/proxy/table-values.js'
import { bin, ipvsVm, project, until } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { peerTest } from '../require.js'
import { guestForwarder } from './guest.js'
import type { Target } from './station.js'
import { Station } from './street.js'

const test = peerTest(...IPVS_GUEST, 'iputils-arping')

const VIRTUAL = '10.77.0.200'
const signal = AbortSignal.timeout(100_000)
type Guest = 'dir1' | 'dir2'

const keyOf = (port: number): ServiceKey => tcp(VIRTUAL, port)
const at = (port: number): Target => ({ protocol: 'tcp', address: VIRTUAL, port })
const server = (address: string, method: Destination['method']): Destination =>
  destinationOf(address, 80, { method })
const filled = (made: Service, ...destinations: Destination[]): Edit[] => [
  { kind: 'addService', service: made },
  ...destinations.map(destination => ({ kind: 'addDestination' as const, key: made.key, destination })),
]

/** Masq with another port, the same for persistent clients, and gate. */
const MASQ = 8000
const PERSISTENT = 8001
const GATE = 80
const behind = [server('10.77.1.21', 'masq'), server('10.77.1.22', 'masq')]
const TABLE: readonly Edit[] = [
  ...filled(serviceOf(keyOf(MASQ)), ...behind),
  ...filled(serviceOf(keyOf(PERSISTENT), { persistentSeconds: 600 }), ...behind),
  ...filled(serviceOf(keyOf(GATE)), server('10.77.0.23', 'gate'), server('10.77.0.24', 'gate')),
]

test('connections and persistent clients of a director that loses its power go on through the other', async t => {
  const vm = await ipvsVm(t, '2', '--share', project)
  await Promise.all(
    [1, 2]
      .map(n => vm.command('real', String(n), 'start', '--mode', 'nat'))
      .concat([3, 4].map(n => vm.command('real', String(n), 'start', '--mode', 'dr', '--vip', VIRTUAL))),
  )
  const exec = (guest: Guest, ...words: string[]) => vm.command('exec', guest, '-t', '30', ...words)
  const swap = (guest: Guest, action: 'start' | 'stop') =>
    exec(guest, process.execPath, bin('resource-agent'), 'LVSSyncDaemonSwap', 'master', 'eth2', '7', action)
  const hold = (guest: Guest) =>
    exec(
      guest,
      'sh',
      '-c',
      `ip address add ${VIRTUAL}/24 dev eth0; ip address add 10.77.1.1/24 dev eth1
arping -q -U -c 1 -I eth0 ${VIRTUAL}; arping -q -U -c 1 -I eth1 10.77.1.1`,
    )
  const fill = async (guest: Guest) => {
    for (const { error } of await guestForwarder(t, vm, guest).apply(TABLE, signal)) t.is(error, null)
  }

  await Promise.all([hold('dir1'), swap('dir1', 'start'), swap('dir2', 'stop'), fill('dir1'), fill('dir2')])
  const client = await Station.within(t, 'client', ['nsenter', `--net=/run/netns/${vm.name}-c1`])
  const ask = async (port: number) =>
    ((await client.tell({ op: 'ask', target: at(port), times: 1 })) as string[])[0]
  const open = new Map<string, unknown>()
  for (const [id, port] of Object.entries({ masq: MASQ, other: MASQ, gate: GATE })) {
    open.set(id, await client.tell({ op: 'open', id, target: at(port) }))
  }
  t.deepEqual(new Set(open.values()).size, 3, 'three real servers')
  const bound = await ask(PERSISTENT)

  await until('the other director knows them', 20_000, async () => {
    // A connection is told to it from its third packet on.
    for (const [id, real] of open) t.is(await client.tell({ op: 'say', id }), real)
    const known = await exec('dir2', 'ipvsadm', '-L', '-n', '-c')
    const template = new RegExp(`10\\.77\\.0\\.101:0 +${VIRTUAL.replaceAll('.', '\\.')}:${PERSISTENT}`)
    return (known.match(/ESTABLISHED/g)?.length ?? 0) >= 3 && template.test(known)
  })
  await vm.command('kill', 'dir1')
  await hold('dir2')
  await swap('dir2', 'start')
  for (const [id, real] of open) t.is(await client.tell({ op: 'say', id }), real, id)
  t.is(await ask(PERSISTENT), bound, 'the persistent client is with its server')
  t.regex(await exec('dir2', 'ipvsadm', '-L', '--daemon'), /^master sync daemon \(mcast=eth2, syncid=7/m)
})

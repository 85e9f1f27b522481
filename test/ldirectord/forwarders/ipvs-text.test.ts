/** Lines that ipvsadm 1.31 printed on Linux 6.1 (docs/compatibility-ldirectord.md), and what the original would call. */
import test from 'ava'
import { serviceId } from '../../../src/ldirectord/core/table.js'
import { explainFailure } from '../../../src/ldirectord/forwarders/ipvs.js'
import {
  parseCounters,
  parseSaved,
  printEdit,
  withThresholds,
} from '../../../src/ldirectord/forwarders/ipvs-text.js'

const SAVED = `-A -t 10.77.0.200:80 -s wrr
-a -t 10.77.0.200:80 -r 10.77.0.11:80 -g -w 1
-a -t 10.77.0.200:80 -r 10.77.1.21:80 -m -w 1 -x 20 -y 10
-A -t 10.77.0.202:5060 -s rr -p 60 --pe sip
-A -u 10.77.0.200:53 -s rr -o
-A -f 7 -s sh -p 360 -M 255.255.255.0 -b sh-fallback,sh-port
-a -f 7 -r 10.77.1.21:0 -i -w 1 --tun-type ipip
-a -f 7 -r 10.77.1.22:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-A -f 8 -6 -s mh -p 10 -M 64 -b mh-port
-A -t [fd77::200]:80 -s rr
-a -t [fd77::200]:80 -r [fd77:1::21]:80 -m -w 1
`

test('a saved table of the real ipvsadm is understood line by line', t => {
  const { services } = parseSaved(SAVED)
  t.deepEqual(
    services.map(service => [serviceId(service.key), service.scheduler, service.destinations.length]),
    [
      ['tcp:10.77.0.200:80', 'wrr', 2],
      ['tcp:10.77.0.202:5060', 'rr', 0],
      ['udp:10.77.0.200:53', 'rr', 0],
      ['fwm:7', 'sh', 2],
      ['fwm6:8', 'mh', 0],
      ['tcp:[fd77::200]:80', 'rr', 1],
    ],
  )
  t.deepEqual(services[0]!.destinations[1], {
    address: '10.77.1.21',
    port: 80,
    method: 'masq',
    weight: 1,
    upper: 20,
    lower: 10,
  })
  t.like(services[3], {
    persistentSeconds: 360,
    netmask: '255.255.255.0',
    schedulerFlags: 'sh-fallback,sh-port',
  })
  t.true(services[2]!.ops)
  t.is(services[3]!.destinations[0]!.method, 'ipip')
})

test('lines of services that are unknown here, and noise, are read over', t => {
  t.deepEqual(parseSaved('-A --sctp-service 10.0.0.1:80 -s rr\n\nhello\n').services, [])
})

const key = { protocol: 'tcp', family: 4, address: '127.0.1.1', port: 80 } as const
const destination = { address: '127.0.2.1', port: 80, method: 'gate', weight: 2, upper: 0, lower: 0 } as const
const service = {
  key,
  scheduler: 'wrr',
  persistentSeconds: 600,
  netmask: '255.255.255.0',
  schedulerFlags: '',
  ops: false,
  destinations: [],
}
for (const [edit, words] of [
  [{ kind: 'addService', service }, '-A -t 127.0.1.1:80 -s wrr -p 600 -M 255.255.255.0'],
  [{ kind: 'deleteService', key }, '-D -t 127.0.1.1:80'],
  [{ kind: 'addDestination', key, destination }, '-a -t 127.0.1.1:80 -x 0 -y 0 -r 127.0.2.1:80 -g -w 2'],
  [{ kind: 'editDestination', key, destination }, '-e -t 127.0.1.1:80 -x 0 -y 0 -r 127.0.2.1:80 -g -w 2'],
  [{ kind: 'deleteDestination', key, destination }, '-d -t 127.0.1.1:80 -r 127.0.2.1:80'],
] as const) {
  test(`${edit.kind} is the call that ldirectord 4.12 made: ${words}`, t => {
    t.is(printEdit(edit).join(' '), words)
  })
}

test('connection counts are read from the listing of the real ipvsadm', t => {
  const listing = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.77.0.200:8080 wrr
  -> 10.77.1.21:80                Masq    1      3          10        
TCP  [fd77::200]:80 rr
  -> [fd77:1::21]:80              Masq    1      0          11        
FWM  6 IPv6 rr
FWM  7 sh (sh-fallback,sh-port) persistent 360 mask 255.255.255.0
  -> 10.77.1.21:0                 Masq    1      0          0         
`
  t.deepEqual(
    parseCounters(listing).map(entry => [
      serviceId(entry.key),
      entry.address,
      entry.port,
      entry.activeConnections,
      entry.inactiveConnections,
    ]),
    [
      ['tcp:10.77.0.200:8080', '10.77.1.21', 80, 3, 10],
      ['tcp:[fd77::200]:80', 'fd77:1::21', 80, 0, 11],
      ['fwm:7', '10.77.1.21', 0, 0, 0],
    ],
  )
})

const NO_IPVS = `modprobe: FATAL: Module ip_vs not found in directory /lib/modules/6.18.0
Can't initialize ipvs: Protocol not available
Are you sure that IP Virtual Server is built in the kernel or as module?
`
test('a kernel without IPVS, missing rights and a missing program are each one sentence', t => {
  const ended = { exitCode: 255, spawnError: null, stderr: '', timedOut: false, durationMs: 5 }
  t.regex(explainFailure({ ...ended, stderr: NO_IPVS })!, /^this kernel has no IPVS/)
  const denied = "Can't initialize ipvs: Permission denied (you must be root)\n"
  t.regex(explainFailure({ ...ended, stderr: denied })!, /root/)
  const missing = { ...ended, exitCode: null, spawnError: 'ENOENT' }
  t.is(explainFailure(missing), 'ipvsadm cannot be run (ENOENT)')
  t.is(explainFailure({ ...ended, stderr: 'No such destination\n' }), 'No such destination')
  const hung = { ...ended, exitCode: null, timedOut: true, durationMs: 20_012 }
  t.is(explainFailure(hung), 'ipvsadm did not end within 20 s')
  t.is(explainFailure({ ...ended, exitCode: 0 }), null)
})

test('thresholds are those of the listing, for ipvsadm 1.31 leaves them out when it saves', t => {
  // Both printed by ipvsadm 1.31 on Linux 6.1, for one table.
  const saved = `-A -t 10.77.0.200:80 -s wrr
-a -t 10.77.0.200:80 -r 10.77.1.21:80 -m -w 1
-a -t 10.77.0.200:80 -r 10.77.1.23:80 -m -w 1
`
  const listing = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn 
  -> RemoteAddress:Port
TCP  10.77.0.200:80 wrr
  -> 10.77.1.21:80                20         10         0          0         
  -> 10.77.1.23:80                5          4          0          0         
`
  const [service] = withThresholds(parseSaved(saved), listing).services
  t.deepEqual(
    service!.destinations.map(({ address, upper, lower }) => [address, upper, lower]),
    [
      ['10.77.1.21', 20, 10],
      ['10.77.1.23', 5, 4],
    ],
  )
})

// ha-lint --live: facts of a machine against a file. Expected are the host settings of the LVS methods as they were
// proven with traffic (docs/real-servers.md).

import test from 'ava'
import fc from 'fast-check'
import { parseHaresources } from '../../src/heartbeat/config/haresources.js'
import { lintLive } from '../../src/lint/live/live.js'
import type { Machine } from '../../src/lint/live/machine.js'
import { textOfProcAddress } from '../../src/lint/live/proc-address.js'

const eth0 = (address: string, prefix = 24) => ({ nic: 'eth0', address, prefix })
const lo = (address: string, prefix = 32) => ({ nic: 'lo', address, prefix })

interface Settings {
  readonly [path: string]: string
}
const machine = (settings: Settings, over: Partial<Machine> = {}): Machine => ({
  addresses: [lo('127.0.0.1', 8), eth0('10.0.0.1')],
  setting: path => settings[path] ?? null,
  hasModule: () => true,
  hasProgram: () => true,
  ipvsadmAtBoot: null,
  listeners: [],
  ...over,
})
const VS = { 'net/ipv4/vs/expire_nodest_conn': '1', 'net/ipv4/vs/expire_quiescent_template': '1' }

/** `code line` of each finding. */
function found(text: string, host: Machine, haresources = ''): string[] {
  const { value } = parseHaresources(haresources, { file: 'haresources', nodes: null })
  return lintLive({ path: 'ldirectord.cf', text }, value, host).map(({ code, span }) => `${code} ${span?.line ?? 0}`) // biome-ignore format: one call
}
function messages(text: string, host: Machine): string[] {
  return lintLive({ path: 'ldirectord.cf', text }, null, host).map(({ message, help }) => `${message} | ${help}`) // biome-ignore format: one call
}

const MASQ = 'quiescent=yes\nvirtual=10.0.0.100:80\n\treal=10.0.1.21:80 masq\n'
const GATE = 'quiescent=yes\nvirtual=10.0.0.100:80\n\treal=10.0.0.22:80 gate\n\treal=10.0.0.21:80 gate\n'
const director = { addresses: [eth0('10.0.0.1'), eth0('10.0.0.100', 32)] }

test('masq wants forwarding on the director', t => {
  const off = machine({ ...VS, 'net/ipv4/ip_forward': '0' }, director)
  t.deepEqual(found(MASQ, off), ['forwarding-off 3'])
  t.regex(messages(MASQ, off)[0]!, /masq wants net\.ipv4\.ip_forward = 1 on the director; found 0: .*run sysctl -w net\.ipv4\.ip_forward=1/) // biome-ignore format: one call
  t.deepEqual(found(MASQ, machine({ ...VS, 'net/ipv4/ip_forward': '1' }, director)), [])
  t.deepEqual(found(GATE, off), [], 'gate does not')
  t.deepEqual(found(`forwarder=proxy\n${MASQ}`, off), [], 'the proxy does not')
})

test('IPv6 masq wants its own forwarding', t => {
  const text = 'quiescent=yes\nvirtual6=[fd00::100]:80\n\treal6=[fd00:1::21]:80 masq\n'
  const host = machine({ ...VS, 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '0' }, { addresses: [eth0('fd00::100', 64)] }) // biome-ignore format: one call
  t.deepEqual(found(text, host), ['forwarding-off 3'])
})

test('the service address is on the director, unless a resource brings it up', t => {
  const bare = machine(VS)
  t.deepEqual(found(GATE, bare), ['address-missing 2'])
  t.deepEqual(found(GATE, bare, 'alpha IPaddr2::10.0.0.100/24/eth0 ldirectord\n'), [])
  t.deepEqual(found(GATE, machine(VS, { addresses: [lo('10.0.0.100')] })), ['address-on-loopback 2'])
  t.deepEqual(found(GATE, machine(VS, director), 'alpha IPaddr2::10.0.0.100/24/eth0 ldirectord\n'), [
    'address-mask 2',
  ])
  t.deepEqual(found(GATE, machine(VS, director), 'alpha IPaddr2::10.0.0.100/32/eth0 ldirectord\n'), [])
})

test('drains of persistent services want expired templates, removals want resets', t => {
  const text = 'quiescent=yes\nvirtual=10.0.0.100:80\n\treal=10.0.0.21:80 gate\n\tpersistent=60\n'
  const off = { 'net/ipv4/vs/expire_nodest_conn': '0', 'net/ipv4/vs/expire_quiescent_template': '0' }
  t.deepEqual(found(text, machine(off, director)), ['drain-of-persistent 2'])
  t.deepEqual(found(text.replace('yes', 'no'), machine(off, director)), ['removed-server-hangs 2'])
  t.deepEqual(found(text.replace('\tpers', '#'), machine(off, director)), [])
  t.deepEqual(found(text, machine({}, director)), ['not-seen 0'], 'before the module is loaded')
})

test('persistence over two ports wants a mark', t => {
  const section = (port: number) =>
    `virtual=10.0.0.100:${port}\n\treal=10.0.0.21:${port} gate\n\tpersistent=60\n`
  t.deepEqual(found(`quiescent=yes\n${section(80)}${section(443)}`, machine(VS, director)), [
    'persistence-apart 5',
  ])
})

test('the forwarder finds its modules and programs, and nobody else fills the table', t => {
  const without = (name: string): Partial<Machine> => ({ ...director, hasModule: module => module !== name })
  t.deepEqual(found(GATE, machine(VS, without('ip_vs'))), ['no-ipvs 0'])
  const severities = (text: string, host: Machine) => lintLive({ path: 'f', text }, null, host).map(each => each.severity) // biome-ignore format: one call
  const on = { ...VS, 'net/ipv4/ip_forward': '1' }
  t.deepEqual(severities(MASQ, machine(on, without('ip_vs'))), ['info'], 'nft stands in for masq')
  t.deepEqual(severities(GATE, machine(on, without('ip_vs'))), ['info'], 'and for gate')
  const bare = machine(on, { ...without('ip_vs'), hasProgram: name => name !== 'nft' })
  t.regex(
    messages(GATE, bare)[0]!,
    /^forwarder=auto with gate .*the proxy is taken instead, which acts as with masq \|/,
  )
  t.deepEqual(severities(GATE, bare), ['warning'])
  const tunnel = GATE.replaceAll('gate', 'ipip')
  t.deepEqual(severities(tunnel, machine(on, without('ip_vs'))), ['warning'], 'nft has no tunnels')
  t.deepEqual(found(`forwarder=nft\n${tunnel}`, machine(on, director)), ['no-tunnel 4'])
  t.deepEqual(severities(`forwarder=ipvs\n${MASQ}`, machine(on, without('ip_vs'))), ['error'])
  t.deepEqual(found(`${GATE}\tscheduler=wlc\n`, machine(VS, without('ip_vs_wlc'))), ['no-scheduler 5'])
  t.deepEqual(found(GATE, machine(VS, { ...director, hasProgram: name => name !== 'ipvsadm' })), ['no-ipvsadm 0']) // biome-ignore format: one call
  t.deepEqual(found(`forwarder=nft\n${MASQ}`, machine(on, { ...director, hasProgram: () => false })), ['no-nft 0']) // biome-ignore format: one call
  t.deepEqual(found(GATE, machine(VS, { ...director, ipvsadmAtBoot: '/etc/default/ipvsadm' })), ['ipvsadm-at-boot 0']) // biome-ignore format: one call
  t.deepEqual(found(GATE, machine(VS, { ...director, hasModule: () => null })), ['not-seen 0'])
})

const QUIET = { 'net/ipv4/conf/all/arp_ignore': '1', 'net/ipv4/conf/all/arp_announce': '2' }
const web = { protocol: 'tcp', address: null, port: 80 } as const
const real = (settings: Settings, ...addresses: Machine['addresses'][number][]): Machine =>
  machine(settings, { addresses: [eth0('10.0.0.21'), ...addresses], listeners: [web] })

test('a host that real= names is judged as a real server: address on lo, quiet in ARP', t => {
  t.deepEqual(found(GATE, real(QUIET, lo('10.0.0.100'))), [])
  t.deepEqual(found(GATE, real(QUIET)), ['real-without-address 4'])
  t.deepEqual(found(GATE, real(QUIET, lo('10.0.0.100', 24))), ['address-mask 4'])
  const loud = real({ 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/all/arp_announce': '0' }, lo('10.0.0.100')) // biome-ignore format: one call
  t.deepEqual(found(GATE, loud), ['arp-answered 4', 'arp-answered 4'])
  t.regex(messages(GATE, loud)[0]!, /gate wants net\.ipv4\.conf\.all\.arp_ignore = 1 on a real server; found 0 on eth0/) // biome-ignore format: one call
  const byInterface = { 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/eth0/arp_ignore': '1', 'net/ipv4/conf/eth0/arp_announce': '2' } // biome-ignore format: one row
  t.deepEqual(found(GATE, real(byInterface, lo('10.0.0.100'))), [], 'the kernel takes the larger one')
})

test('a director that is a real server of its own is judged as a director', t => {
  t.deepEqual(found(GATE, machine(VS, { addresses: [eth0('10.0.0.21'), eth0('10.0.0.100')] })), [])
})

test("gate and ipip want a listener on the service's port, whatever real= says", t => {
  const text = GATE.replace('10.0.0.21:80', '10.0.0.21:8080')
  const listening = (...ports: number[]): Machine => ({
    ...real(QUIET, lo('10.0.0.100')),
    listeners: ports.map(port => ({ ...web, port })),
  })
  t.deepEqual(found(text, listening(8080)), ['not-listening 4'])
  t.deepEqual(found(text, listening(80)), [])
  const own = { ...listening(), listeners: [{ ...web, address: '10.0.0.21' }] }
  t.deepEqual(found(GATE, own), ['not-listening 4'], 'its own address is not the service address')
})

test('ipip wants the address on tunl0 and no reverse path filter', t => {
  const text = GATE.replaceAll('gate', 'ipip')
  const filtered = { ...QUIET, 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/tunl0/rp_filter': '0' }
  const tunnel = { nic: 'tunl0', address: '10.0.0.100', prefix: 32 }
  t.deepEqual(found(text, real(filtered, tunnel)), ['tunnel-filtered 4'])
  t.deepEqual(found(text, real({ ...filtered, 'net/ipv4/conf/all/rp_filter': '2' }, tunnel)), [])
})

test('names are not looked up, and that is said', t => {
  t.deepEqual(found('quiescent=yes\nvirtual=www:80\n\treal=web1:80 gate\n', machine(VS)), ['not-seen 0'])
})

// The addresses are those of RFC 5952 beside what Linux printed for a listener on them.
test('addresses of /proc/net/tcp are read in the byte order of the machine', t => {
  t.is(textOfProcAddress('0100007F'), '127.0.0.1')
  t.is(textOfProcAddress('00000000'), null)
  t.is(textOfProcAddress('00000000000000000000000001000000'), '::1')
  fc.assert(
    fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 255 })), quad => {
      const hex = [...quad].reverse().map(byte => byte.toString(16).padStart(2, '0').toUpperCase())
      t.is(textOfProcAddress(hex.join('')), quad.join('.'))
    }),
  )
})

/** A real server's machine against the director's file: the service address, no ARP for it, and who listens. */
import { isTunnelOrLoopback, largerOf, type Machine, type MachineAddress } from './machine.js'
import type { LiveReal, LiveService, Say } from './services.js'

/** `own`: the lines of the service that name this machine. */
export function checkReal(
  service: LiveService,
  own: readonly LiveReal[],
  file: string,
  machine: Machine,
  say: Say,
): void {
  const real = own.find(({ method }) => method !== 'masq')
  const { key } = service
  if (real === undefined || key.protocol === 'fwm') return
  const nic = real.method === 'gate' ? 'lo' : 'tunl0'
  const prefix = key.family === 4 ? 32 : 128
  const found = machine.addresses.find(({ address }) => address === key.address)
  if (found === undefined)
    say(
      real.span,
      'warning',
      'real-without-address',
      `${real.method} wants ${key.address}/${prefix} on ${nic} of this real server; found it on no interface`,
      `run resource.d/LVSRealServer ${key.address} ${nic} start, or the script of ha-convert realserver ${file}`,
    )
  else if (isTunnelOrLoopback(found.nic) && found.prefix !== prefix)
    say(
      real.span,
      'error',
      'address-mask',
      `a real server wants ${key.address}/${prefix} on ${found.nic}; found /${found.prefix}, which makes the whole network local`,
      `run ip addr del ${key.address}/${found.prefix} dev ${found.nic} && ip addr add ${key.address}/${prefix} dev ${found.nic}`,
    )
  if (key.family === 4) {
    const home = machine.addresses.find(({ address }) => address === real.address)
    if (home !== undefined) checkArp(key.address, real, home, machine, say)
    if (nic === 'tunl0') checkTunnelFilter(real, machine, say)
  }
  checkListener(service, real, machine, say)
}

function checkArp(
  address: string,
  { span, method }: LiveReal,
  { nic }: MachineAddress,
  machine: Machine,
  say: Say,
): void {
  for (const [setting, accepted] of [
    ['arp_ignore', [1, 2, 8]],
    ['arp_announce', [2]],
  ] as const) {
    const found = largerOf(machine, nic, setting)
    if (found === null || (accepted as readonly number[]).includes(found)) continue
    const name = `net.ipv4.conf.all.${setting}`
    say(
      span,
      'error',
      'arp-answered',
      `${method} wants ${name} = ${accepted[0]} on a real server; found ${found} on ${nic}: it tells the network that ${address} is here`,
      `write "${name} = ${accepted[0]}" into /etc/sysctl.d/90-lvs.conf and run sysctl -w ${name}=${accepted[0]}`,
    )
  }
}

function checkTunnelFilter({ span }: LiveReal, machine: Machine, say: Say): void {
  if (largerOf(machine, 'tunl0', 'rp_filter') !== 1) return
  say(
    span,
    'error',
    'tunnel-filtered',
    'ipip wants rp_filter 0 for all and tunl0 on a real server; found 1: packets out of the tunnel are dropped',
    'run sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0',
  )
}

/** Direct routing and tunnels keep the service's port, whatever real= says. */
function checkListener({ key }: LiveService, { span, method }: LiveReal, machine: Machine, say: Say): void {
  if (key.protocol === 'fwm' || key.port === 0 || machine.listeners === null) return
  const { protocol, address, port } = key
  const hears = machine.listeners.some(
    other =>
      other.protocol === protocol &&
      other.port === port &&
      (other.address === null || other.address === address),
  )
  if (hears) return
  say(
    span,
    'warning',
    'not-listening',
    `${method} delivers to ${address} ${protocol} port ${port} of this real server; found nothing that listens there`,
    `let the server listen on port ${port} of every address or of ${address}; ${method} cannot change the port (masq can)`,
  )
}

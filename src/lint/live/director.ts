/** A director's machine against its file: forwarding, service addresses, and how a drain ends for persistent clients. */
import { isTunnelOrLoopback, type Machine } from './machine.js'
import type { LiveFile, LiveService, Say } from './services.js'

export interface BroughtUp {
  /** null: not written. */
  readonly prefix: number | null
}

/** `broughtUp`: the addresses that haresources names; such a one may be on the other node now. */
export function checkDirector(
  file: LiveFile,
  services: readonly LiveService[],
  machine: Machine,
  broughtUp: ReadonlyMap<string, BroughtUp>,
  say: Say,
): void {
  for (const service of services) {
    if (file.forwarder !== 'proxy') checkForwarding(service, machine, say)
    checkAddress(service, machine, broughtUp, say)
    if (file.forwarder === 'auto' || file.forwarder === 'ipvs') checkDrains(service, machine, say)
  }
  checkPersistence(services, say)
}

function checkForwarding({ key, reals }: LiveService, machine: Machine, say: Say): void {
  const real = reals.find(({ method, address }) => method === 'masq' && !isLoopback(address))
  if (real === undefined) return
  const path = key.family === 4 ? 'net/ipv4/ip_forward' : 'net/ipv6/conf/all/forwarding'
  const found = machine.setting(path)
  if (found === null || found === '1') return
  const name = path.replaceAll('/', '.')
  say(
    real.span,
    'error',
    'forwarding-off',
    `masq wants ${name} = 1 on the director; found ${found}: replies of the real servers are dropped`,
    `write "${name} = 1" into /etc/sysctl.d/90-lvs.conf and run sysctl -w ${name}=1 (ha-convert nat prints it)`,
  )
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

function checkAddress(
  { key, span }: LiveService,
  machine: Machine,
  broughtUp: ReadonlyMap<string, BroughtUp>,
  say: Say,
): void {
  if (key.protocol === 'fwm' || isLoopback(key.address)) return
  const { address, family } = key
  const agent = family === 4 ? 'IPaddr2' : 'IPv6addr'
  const found = machine.addresses.filter(other => other.address === address)
  const wanted = broughtUp.get(address)
  if (found.length === 0) {
    if (wanted !== undefined) return
    say(
      span,
      'warning',
      'address-missing',
      `virtual wants ${address} on an interface of the director; found it on none`,
      `write "${agent}::${address}" before ldirectord in haresources, or run ip addr add ${address}/${family === 4 ? 32 : 128} dev NIC`,
    )
    return
  }
  const outer = found.filter(({ nic }) => !isTunnelOrLoopback(nic))
  if (outer.length === 0) {
    say(
      span,
      'error',
      'address-on-loopback',
      `virtual wants ${address} on an interface that clients reach; found it on ${found[0]!.nic} only, where real servers have it`,
      `run ip addr del ${address}/${found[0]!.prefix} dev ${found[0]!.nic}, and bring it up by "${agent}::${address}"`,
    )
    return
  }
  const prefix = wanted?.prefix ?? null
  const other = outer.find(each => prefix !== null && each.prefix !== prefix)
  if (other === undefined) return
  say(
    span,
    'warning',
    'address-mask',
    `haresources wants ${address}/${prefix}; found ${address}/${other.prefix} on ${other.nic}`,
    `run ip addr del ${address}/${other.prefix} dev ${other.nic} and start the resource again, or write /${other.prefix} in haresources`,
  )
}

/** What IPVS does with clients of a server that is taken out; the settings exist where the module is loaded. */
function checkDrains({ span, persistent, quiescent }: LiveService, machine: Machine, say: Say): void {
  const off = (name: string): boolean => machine.setting(`net/ipv4/vs/${name}`) === '0'
  if (persistent && quiescent && off('expire_quiescent_template')) {
    const name = 'net.ipv4.vs.expire_quiescent_template'
    say(
      span,
      'warning',
      'drain-of-persistent',
      `quiescent=yes and drains of a persistent service want ${name} = 1; found 0: clients keep coming to a server of weight 0`,
      `write "${name} = 1" into /etc/sysctl.d/90-lvs.conf and run sysctl -w ${name}=1`,
    )
  }
  if (!quiescent && off('expire_nodest_conn')) {
    const name = 'net.ipv4.vs.expire_nodest_conn'
    say(
      span,
      'info',
      'removed-server-hangs',
      `quiescent=no removes servers that are down; with ${name} = 0 their clients hang until their own timeout`,
      `write "${name} = 1" into /etc/sysctl.d/90-lvs.conf, so that they are reset, or quiescent=yes`,
    )
  }
}

/** Each service keeps its own templates. */
function checkPersistence(services: readonly LiveService[], say: Say): void {
  const first = new Map<string, LiveService>()
  for (const service of services) {
    const { key, persistent, span } = service
    if (!persistent || key.protocol !== 'tcp' || key.port === 0) continue
    const earlier = first.get(key.address)
    if (earlier === undefined) first.set(key.address, service)
    else if (earlier.key.protocol === 'tcp')
      say(
        span,
        'info',
        'persistence-apart',
        `persistence of ${key.address} is kept apart for port ${earlier.key.port} and port ${key.port}: a client may have a different real server on each`,
        'join them by a firewall mark (virtual=NUMBER, ha-convert marks) or by port 0 where a client must stay on one',
      )
  }
}

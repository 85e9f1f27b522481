/**
 * portblock's decisions. A group that begins with `portblock::tcp::80::block` and ends with `...::unblock` drops
 * packets for the port from before its address comes up until its server is ready, so that no client is refused.
 *
 * resource | start          | stop
 * block    | drop the port  | let it through
 * unblock  | let it through | drop the port
 *
 * Packets are dropped by one nftables table per port list, which is ours alone, or by iptables rules with our
 * comment. IPv6 is blocked too, which the original does not do.
 */

export interface PortblockArguments {
  readonly protocol: 'tcp' | 'udp'
  /** Ports, ranges `100:200` and service names, as they are written. */
  readonly ports: readonly string[]
  readonly action: 'block' | 'unblock'
}

export type FirewallCommand = { readonly args: readonly string[]; readonly input?: string }

const PORTS_MAX = 15 // what one multiport match of iptables holds

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text)
    ? Number(text) >= 1 && Number(text) <= 65_535
    : /^[a-z][a-z0-9-]{0,31}$/.test(text)
}

export function parsePortblock(args: readonly string[]): PortblockArguments | { readonly problem: string } {
  const [protocol = '', portText = '', action = ''] = args
  if (protocol !== 'tcp' && protocol !== 'udp') {
    return { problem: `portblock wants tcp or udp; found "${protocol}"` }
  }
  const ports = portText.split(',')
  const wrong = ports.find(port => !port.split(':').every(isPort) || port.split(':').length > 2)
  if (wrong !== undefined) {
    return { problem: `portblock wants ports such as 80 or 80,443 or 5000:5010; found "${portText}"` }
  }
  const slots = ports.reduce((sum, port) => sum + (port.includes(':') ? 2 : 1), 0)
  if (slots > PORTS_MAX) return { problem: `portblock wants at most ${PORTS_MAX} ports; found ${slots}` }
  if (action !== 'block' && action !== 'unblock') {
    return { problem: `portblock wants block or unblock; found "${action}"` }
  }
  return { protocol, ports, action }
}

/** The original's text for status: the first sentence where its rule or mark is as this node wants it. */
export function statusText(text: readonly string[], isActive: boolean): string {
  const [protocol, ports, action] = text
  const subject = `portblock DROP rule [${protocol} ${ports} 0.0.0.0/0 in ${action}]`
  return `${subject} ${isActive ? ' is running (OK)' : 'is inactive'}\n`
}

/** Whether packets must be dropped once this is done. */
export function wantsDrop(asked: PortblockArguments, action: 'start' | 'stop'): boolean {
  return (asked.action === 'block') === (action === 'start')
}

export function nftTable(asked: PortblockArguments): string {
  const ports = asked.ports.map(port => port.replace(':', '_to_').replaceAll('-', '_d_'))
  return `systole_portblock_${asked.protocol}_${ports.join('_')}`
}

/** One transaction, the same however often it is asked for. */
export function planNft(asked: PortblockArguments, drop: boolean): FirewallCommand {
  const table = nftTable(asked)
  const lines = [`add table inet ${table}`, `delete table inet ${table}`]
  if (drop) {
    const ports = asked.ports.map(port => port.replace(':', '-')).join(', ')
    lines.push(
      `add table inet ${table}`,
      `add chain inet ${table} input { type filter hook input priority -10; policy accept; }`,
      `add rule inet ${table} input ${asked.protocol} dport { ${ports} } drop comment "systole portblock"`,
    )
  }
  return { args: ['-f', '-'], input: `${lines.join('\n')}\n` }
}

/** The words of an iptables or ip6tables rule after `-A INPUT`, `-C INPUT` or `-D INPUT`. */
export function iptablesRule(asked: PortblockArguments): readonly string[] {
  const match = ['-p', asked.protocol, '-m', 'multiport', '--dports', asked.ports.join(',')]
  return [...match, '-m', 'comment', '--comment', 'systole portblock', '-j', 'DROP']
}

/** From whether the rule is there to what must be done; null: nothing. */
export function planIptables(
  asked: PortblockArguments,
  drop: boolean,
  isThere: boolean,
): FirewallCommand | null {
  if (drop === isThere) return null
  return { args: ['-w', '5', drop ? '-I' : '-D', 'INPUT', ...iptablesRule(asked)] }
}

/** What a director with masq needs beside its table: forwarding, and masquerading of what the real servers open. */
import type { LdirectordConfig } from '../ldirectord/config/model.js'
import type { Format } from './arguments.js'
import type { Text } from './marks.js'
import { comment, scriptText } from './script.js'

const TABLE = 'systole_nat'
const CHAIN = 'SYSTOLE-NAT'

interface Nat {
  readonly v4: readonly string[]
  readonly v6: readonly string[]
  readonly outside: string | null
}

export function natText(config: LdirectordConfig, format: Format, outside: string | null): Text {
  const { file } = config
  const reals = new Map<string, 4 | 6>()
  for (const { key, reals: servers } of config.virtuals)
    for (const { address, method } of servers)
      if (method === 'masq' && !address.startsWith('127.') && address !== '::1')
        reals.set(address, key.family)
  if (reals.size === 0) return { problem: `${file}: no real server with masq, so nothing needs NAT` }
  const of = (family: 4 | 6): string[] =>
    [...reals].flatMap(([address, own]) => (own === family ? [address] : []))
  const nat: Nat = { v4: of(4), v6: of(6), outside }
  const about = [
    `NAT gateway for the real servers with masq of ${file}. Printed by ha-convert nat.`,
    'For every director. The default route of each real server is an address that moves with the directors.',
  ]
  if (format !== 'nft') {
    const body = format === 'sh' ? nftScript(nat) : iptablesScript(nat)
    return { text: scriptText({ about, state: 'lvs-nat.settings', body }) }
  }
  const settings = forwarding(nat).map(path => `${path.replaceAll('/', '.')}=1`)
  const needs = `Forwarding is no matter of nftables: sysctl -w ${settings.join(' ')} (--format sh sets it, too).`
  return { text: `${[...about, needs].map(comment).join('\n')}\n${nftRules(nat)}` }
}

const forwarding = ({ v4, v6 }: Nat): string[] => [
  ...(v4.length > 0 ? ['net/ipv4/ip_forward'] : []),
  ...(v6.length > 0 ? ['net/ipv6/conf/all/forwarding'] : []),
]

/** Replies to clients have the service address already, so they do not match; nor does what real servers tell each other. */
function nftRules({ v4, v6, outside }: Nat): string {
  const rule = (family: 'ip' | 'ip6', reals: readonly string[]): string => {
    if (reals.length === 0) return ''
    const set = `{ ${reals.join(', ')} }`
    const out = outside === null ? '' : ` oifname "${outside}"`
    return `    ${family} saddr ${set} ${family} daddr != ${set}${out} masquerade\n`
  }
  return `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
${rule('ip', v4)}${rule('ip6', v6)}  }
}
`
}

function frame(nat: Nat, fill: string, remove: string, isThere: string): string {
  const paths = forwarding(nat)
  return `start() {
${paths.map(path => `  setting ${path} 1 || return 1\n`).join('')}${fill}}

stop() {
${remove}  restore_settings
}

status() {
  for path in ${paths.join(' ')}; do
    [ "$(cat "/proc/sys/$path" 2> /dev/null)" = 1 ] || return 1
  done
  ${isThere}
}
`
}

function nftScript(nat: Nat): string {
  const isThere = `nft list table inet ${TABLE} > /dev/null 2>&1`
  const fill = `  nft -f - << 'RULES'\n${nftRules(nat)}RULES\n`
  const remove = `  if ${isThere}; then
    nft delete table inet ${TABLE} || return 1
  fi
`
  return frame(nat, fill, remove, isThere)
}

function iptablesScript(nat: Nat): string {
  const programs = [
    ...(nat.v4.length > 0 ? [{ program: 'iptables', reals: nat.v4 }] : []),
    ...(nat.v6.length > 0 ? [{ program: 'ip6tables', reals: nat.v6 }] : []),
  ]
  const out = nat.outside === null ? '' : ` -o ${nat.outside}`
  const fill = programs.map(({ program, reals }) => {
    const among = reals.map(address => `-A ${CHAIN} -d ${address} -j RETURN\n`).join('')
    const rules = reals.map(address => `-A ${CHAIN} -s ${address}${out} -j MASQUERADE\n`).join('')
    return `  ${program}-restore -w --noflush << 'RULES' || return 1
*nat
:${CHAIN} - [0:0]
${among}${rules}COMMIT
RULES
  ${program} -w -t nat -C POSTROUTING -j ${CHAIN} 2> /dev/null ||
    ${program} -w -t nat -A POSTROUTING -j ${CHAIN} || return 1
`
  })
  const remove = programs.map(
    ({ program }) => `  while ${program} -w -t nat -D POSTROUTING -j ${CHAIN} 2> /dev/null; do :; done
  if ${program} -w -t nat -S ${CHAIN} > /dev/null 2>&1; then
    ${program} -w -t nat -F ${CHAIN} && ${program} -w -t nat -X ${CHAIN} || return 1
  fi
`,
  )
  const isThere = programs
    .map(({ program }) => `${program} -w -t nat -C POSTROUTING -j ${CHAIN} 2> /dev/null`)
    .join(' && ')
  return frame(nat, fill.join(''), remove.join(''), isThere)
}

/** Rules that give packets the firewall marks of `virtual=NUMBER`, for nftables or iptables, in a table or chain of our own. */
import type { LdirectordConfig } from '../ldirectord/config/model.js'
import type { Format, Marked } from './arguments.js'
import { comment, scriptText } from './script.js'

export type Text = { readonly text: string } | { readonly problem: string }

const TABLE = 'systole_marks'
const CHAIN = 'SYSTOLE-MARKS'

/** Every mark of the file must be given, and only those. */
export function marksText(config: LdirectordConfig, marked: readonly Marked[], format: Format): Text {
  const { file } = config
  const services = config.virtuals.flatMap(({ key, line, text }) =>
    key.protocol === 'fwm' ? [{ mark: key.mark, family: key.family, line, text }] : [],
  )
  if (services.length === 0) return { problem: `${file}: no virtual service is a firewall mark` }
  const isOf = (service: { mark: number; family: 4 | 6 }, { mark, family }: Marked): boolean =>
    service.mark === mark && service.family === family
  const missing = services.find(service => !marked.some(given => isOf(service, given)))
  if (missing !== undefined) {
    const example = missing.family === 6 ? '[ADDRESS]:PORT' : 'ADDRESS:PORT'
    return {
      problem: `${file}:${missing.line}: virtual${missing.family === 6 ? '6' : ''}=${missing.text} does not say which packets have the mark: add --mark ${missing.mark}=${example}`,
    }
  }
  const unknown = marked.find(given => !services.some(service => isOf(service, given)))
  if (unknown !== undefined)
    return {
      problem: `${file}: no virtual service for IPv${unknown.family} is the mark ${unknown.mark}; found ${services.map(({ text }) => text).join(', ')}`,
    }
  const about = `Firewall marks of ${file}. Printed by ha-convert marks.`
  if (format === 'nft') return { text: `${comment(about)}\n${nftRules(marked)}` }
  const body = format === 'sh' ? nftScript(marked) : iptablesScript(marked)
  return {
    text: scriptText({
      about: [about, 'For every director, before ldirectord.'],
      state: null,
      body,
    }),
  }
}

/** One transaction, the same however often it is loaded. */
function nftRules(marked: readonly Marked[]): string {
  const rules = marked.map(({ mark, family, address, protocol, ports }) => {
    const packets =
      ports.length > 0 ? `${protocol} dport { ${ports.join(', ')} }` : `meta l4proto ${protocol}`
    return `    ${family === 4 ? 'ip' : 'ip6'} daddr ${address} ${packets} meta mark set ${mark}\n`
  })
  return `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  chain prerouting {
    type filter hook prerouting priority -150; policy accept;
${rules.join('')}  }
}
`
}

function nftScript(marked: readonly Marked[]): string {
  return `start() {
  nft -f - << 'RULES'
${nftRules(marked)}RULES
}

stop() {
  status || return 0
  nft delete table inet ${TABLE}
}

status() {
  nft list table inet ${TABLE} > /dev/null 2>&1
}
`
}

function restoreText(marked: readonly Marked[]): string {
  const rules = marked.map(({ mark, address, protocol, ports }) => {
    const packets = ports.length > 0 ? ` -m multiport --dports ${ports.join(',')}` : ''
    return `-A ${CHAIN} -d ${address} -p ${protocol}${packets} -j MARK --set-mark ${mark}\n`
  })
  return `*mangle
:${CHAIN} - [0:0]
${rules.join('')}COMMIT
`
}

/** The chain is filled in one step; the jump to it stands once, however often it is started. */
function iptablesScript(marked: readonly Marked[]): string {
  const programs = ([4, 6] as const)
    .map(family => ({
      program: family === 4 ? 'iptables' : 'ip6tables',
      own: marked.filter(given => given.family === family),
    }))
    .filter(({ own }) => own.length > 0)
  const each = (action: string): string => programs.map(({ program }) => `${action} ${program}`).join(' && ')
  const fills = programs.map(
    ({ program, own }) => `  ${program}-restore -w --noflush << 'RULES' || return 1
${restoreText(own)}RULES
  ${program} -w -t mangle -C PREROUTING -j ${CHAIN} 2> /dev/null ||
    ${program} -w -t mangle -A PREROUTING -j ${CHAIN} || return 1
`,
  )
  return `start() {
${fills.join('')}}

remove() {
  while "$1" -w -t mangle -D PREROUTING -j ${CHAIN} 2> /dev/null; do :; done
  "$1" -w -t mangle -S ${CHAIN} > /dev/null 2>&1 || return 0
  "$1" -w -t mangle -F ${CHAIN} && "$1" -w -t mangle -X ${CHAIN}
}

stop() {
  ${each('remove')}
}

is_there() {
  "$1" -w -t mangle -C PREROUTING -j ${CHAIN} 2> /dev/null
}

status() {
  ${each('is_there')}
}
`
}

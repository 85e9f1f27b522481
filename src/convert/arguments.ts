/** The command line of ha-convert, read without acting. */
import { ipv4Of, ipv6Of } from '../ldirectord/config/address.js'

export type What = 'realserver' | 'marks' | 'nat'
export type Format = 'sh' | 'nft' | 'iptables' | 'systemd'

/** Which packets a firewall mark stands for; ldirectord.cf does not say it. */
export interface Marked {
  readonly mark: number
  readonly family: 4 | 6
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  /** Empty: every packet of the protocol. */
  readonly ports: readonly number[]
}

export interface Arguments {
  readonly what: What
  readonly file: string
  readonly format: Format
  /** null: what the file says of each real server. */
  readonly method: 'gate' | 'ipip' | null
  /** null: one script for all. */
  readonly real: string | null
  readonly marked: readonly Marked[]
  /** The interface to the outside, for masquerading; null: any. */
  readonly outside: string | null
}

export type Parsed = Arguments | { readonly help: true } | { readonly problem: string }

export const USAGE = `usage: ha-convert realserver|marks|nat FILE [OPTIONS]

Prints what the hosts around a director need, from its ldirectord.cf. Changes nothing on this machine.

  realserver  for real servers with gate or ipip: a script (start, stop, status) that sets the service
              addresses on lo or tunl0 and keeps quiet about them in ARP. It is the same for all of them:
              each knows by its own address what is its own.
  marks       for virtual=NUMBER: rules that give packets their firewall mark
  nat         for real servers with masq: forwarding, and masquerading of the connections that they open

  --format F      realserver: sh (default) or systemd, a unit for /usr/local/sbin/lvs-real-server
                  marks and nat: nft (default; for nft -f), sh or iptables (scripts with start, stop, status)
  --method M      realserver: gate or ipip for all, whatever the file says
  --real ADDRESS  realserver: for this one alone
  --mark MARK=ADDRESS[:PORT[,PORT...]][/udp]
                  which packets have a mark (repeatable); IPv6 as MARK=[ADDRESS]:PORT
  --outside NIC   nat: masquerade only what leaves by this interface
  --help          this text

Exit status: 0 printed, 1 the file is faulty or has nothing of the kind, 2 usage.
`

const FORMATS: Readonly<Record<What, readonly Format[]>> = {
  realserver: ['sh', 'systemd'],
  marks: ['nft', 'sh', 'iptables'],
  nat: ['nft', 'sh', 'iptables'],
}
const OPTIONS: Readonly<Record<string, readonly What[]>> = {
  '--format': ['realserver', 'marks', 'nat'],
  '--method': ['realserver'],
  '--real': ['realserver'],
  '--mark': ['realserver', 'marks'],
  '--outside': ['nat'],
}
const MARKS_MAX = 256
const PORTS_MAX = 15 // what one multiport match of iptables holds
const MARK_MAX = 0xffff_ffff

export function parseArguments(argv: readonly string[]): Parsed {
  if (argv.some(word => word === '--help' || word === '-h')) return { help: true }
  const words: string[] = []
  const given: [name: string, value: string][] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    if (!word.startsWith('-')) {
      words.push(word)
      continue
    }
    const [name = '', inline] = word.split(/=(.*)/s)
    if (OPTIONS[name] === undefined) return { problem: `unknown option ${name}` }
    const value = inline ?? argv[++at]
    if (value === undefined || value === '') return { problem: `${name} wants a value; found none` }
    given.push([name, value])
  }
  const [what = '', file, more] = words
  if (what !== 'realserver' && what !== 'marks' && what !== 'nat')
    return { problem: `wants realserver, marks or nat; found ${what === '' ? 'nothing' : `"${what}"`}` }
  if (file === undefined) return { problem: `${what} wants a file such as ldirectord.cf; found none` }
  if (more !== undefined) return { problem: `${what} wants one file; found "${more}" behind it` }
  return withOptions(what, file, given)
}

function withOptions(what: What, file: string, given: readonly (readonly [string, string])[]): Parsed {
  const marked: Marked[] = []
  const last = new Map<string, string>()
  for (const [name, value] of given) {
    if (!OPTIONS[name]!.includes(what)) return { problem: `${what} has no option ${name}` }
    if (name !== '--mark') last.set(name, value)
    else if (marked.length === MARKS_MAX) return { problem: `at most ${MARKS_MAX} marks; found more` }
    else {
      const mark = parseMark(value)
      if ('problem' in mark) return mark
      marked.push(mark)
    }
  }
  const format = last.get('--format') ?? FORMATS[what][0]!
  const known = FORMATS[what].find(name => name === format)
  if (known === undefined)
    return { problem: `--format of ${what} wants ${FORMATS[what].join(', ')}; found "${format}"` }
  const method = last.get('--method') ?? null
  if (method !== null && method !== 'gate' && method !== 'ipip')
    return { problem: `--method wants gate or ipip; found "${method}"` }
  const realText = last.get('--real')
  const real = realText === undefined ? null : (ipv4Of(realText) ?? ipv6Of(realText))
  if (realText !== undefined && real === null)
    return { problem: `--real wants an address such as 10.0.0.21; found "${realText}"` }
  const outside = last.get('--outside') ?? null
  if (outside !== null && !/^[A-Za-z][A-Za-z0-9_.-]{0,14}$/.test(outside))
    return { problem: `--outside wants an interface such as eth0; found "${outside}"` }
  return { what, file, format: known, method, real, marked, outside }
}

/** `5=10.0.0.100:80,443/tcp`. */
function parseMark(text: string): Marked | { readonly problem: string } {
  const problem = `--mark wants MARK=ADDRESS[:PORTS][/udp] such as 5=10.0.0.100:80,443; found "${text}"`
  const match = /^(\d{1,10})=(?:\[([\da-fA-F:.]+)\]|([\d.]+))(?::([\d,]+))?(?:\/(tcp|udp))?$/.exec(text)
  if (match === null) return { problem }
  const [, digits = '', v6, v4, portText, protocol = 'tcp'] = match
  const family = v6 === undefined ? 4 : 6
  const address = v6 === undefined ? ipv4Of(v4 ?? '') : ipv6Of(v6)
  if (address === null) return { problem }
  const mark = Number(digits)
  if (mark < 1 || mark > MARK_MAX)
    return { problem: `--mark wants a mark from 1 to ${MARK_MAX}; found ${digits}` }
  const ports =
    portText === undefined ? [] : portText.split(',').map(port => (port === '' ? 0 : Number(port)))
  if (ports.some(port => port < 1 || port > 65_535)) return { problem }
  if (ports.length > PORTS_MAX)
    return { problem: `--mark wants at most ${PORTS_MAX} ports; found ${ports.length}` }
  return { mark, family, address, protocol: protocol === 'udp' ? 'udp' : 'tcp', ports }
}

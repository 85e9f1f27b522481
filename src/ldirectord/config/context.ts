/** What a directive's place decides about it: the family and kind of its section, and what stood there before. */
import { globalDirectives } from './directives-global.js'
import { virtualDirectives } from './directives-virtual.js'
import type { Finding } from './finding.js'
import type { Entry, Place, Section } from './tree.js'

/** The refusal of a value whose form is right, or null. */
export function contextProblem(place: Place, value: unknown): Finding | null {
  const { section, name } = place
  if (section === undefined) return null
  if (name.startsWith('real') || /^fallback6?$/.test(name)) return familyProblem(place, section)
  if (name === 'protocol') return protocolProblem(place, section, String(value))
  if (name === 'netmask') return netmaskProblem(place, section)
  return null
}

function familyProblem(place: Place, section: Section): Finding | null {
  const { source, line, name } = place
  const right = name.replace(/6$/, '') + (section.family === 6 ? '6' : '')
  if (name === right) return null
  const span = source.within({ line: line.number, column: 1, length: line.raw.length }, name)
  return source.finding({
    span,
    severity: 'error',
    code: 'wrong-family',
    message: `${section.family === 6 ? 'a virtual6' : 'a virtual'} section wants ${right}; found ${name}`,
    help: `write ${right}=`,
    fix: { description: `write ${right}=`, edits: [{ ...span, text: right }] },
    original: `cannot specify "${name}" here.  please use "${right}" instead`,
  })
}

function protocolProblem(place: Place, section: Section, value: string): Finding | null {
  if (section.target === null) return null
  const mark = section.target.kind === 'mark'
  if (mark ? value === 'fwm' : value === 'tcp' || value === 'udp') return null
  const { source, span } = place
  const fwm = { description: 'write protocol=fwm', edits: [{ ...span, text: 'fwm' }] }
  return source.finding({
    span,
    severity: 'error',
    code: 'wrong-protocol',
    message: mark
      ? `protocol wants fwm, because virtual=${section.text} is a firewall mark; found "${value}"`
      : `protocol wants tcp or udp; found "${value}"`,
    help: mark ? 'write protocol=fwm or leave the line out' : 'write protocol=tcp or protocol=udp',
    ...(mark ? { fix: fwm } : {}),
    original: mark
      ? 'protocol must be fwm if the virtual service is a fwmark (a number)'
      : 'protocol must be tcp or udp if the virtual service is an address and port',
  })
}

function netmaskProblem(place: Place, section: Section): Finding | null {
  const { source, span, text } = place
  const right =
    section.family === 4
      ? /^\d+\.\d+\.\d+\.\d+$/.test(text)
      : /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 128
  if (right) return null
  const wanted =
    section.family === 4 ? 'a dotted quad such as 255.255.255.0' : 'a prefix length from 1 to 128'
  return source.finding({
    span,
    severity: 'error',
    code: 'wrong-value',
    message: `netmask wants ${wanted}; found "${text.trim()}"`,
    help: `write netmask=${section.family === 4 ? '255.255.255.0' : '64'}`,
    original:
      section.family === 4
        ? 'invalid netmask: dotted quad notation is required'
        : 'invalid netmask: a prefix length between 1 and 128 is required',
  })
}

/** A directive given again where only the last one counts. */
export function doubleWarning(place: Place, earlier: Entry): Finding | null {
  const table = place.kind === 'global' ? globalDirectives : virtualDirectives
  const row = (table as Record<string, { repeat: string }>)[place.name]!
  if (row.repeat === 'accumulates') return null
  return place.source.finding({
    span: place.span,
    severity: 'warning',
    code: 'given-twice',
    message: `${place.name} is given twice (first at line ${earlier.span.line}); only this one counts`,
    help: 'keep one of the two lines',
  })
}

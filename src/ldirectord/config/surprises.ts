/**
 * Sections that the original accepts although they cannot do what was meant. Each function knows one such case and
 * gives warnings; none of them decides anything.
 */
import { answerSurprises, keyWithoutCertificate } from './answer-surprises.js'
import { askedOf, last } from './asked.js'
import type { Finding } from './finding.js'
import type { LinkedSection } from './link-section.js'
import { realSurprises } from './real-surprises.js'
import type { Source } from './source.js'
import type { Tree, Warn } from './tree.js'

/** Schedulers of Linux 6.1. */
const SCHEDULERS = 'rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos'.split(' ')
const MARK_MAX = 0xffff_ffff

export function surprises(tree: Tree, sections: readonly LinkedSection[]): Finding[] {
  const found: Finding[] = []
  const warn = warnInto(found, tree.source)
  quiescentUnset(tree, sections, warn)
  carriageReturns(tree.source, warn)
  keyWithoutCertificate(tree.entries, warn)
  const globalFallback = tree.entries.some(entry => /^fallback6?$/.test(entry.name))
  for (const linked of sections) {
    if (linked.section.target === null) continue
    targetSurprises(linked, warn)
    checkSurprises(linked, globalFallback, warn)
    answerSurprises(linked, tree, warn)
    tableSurprises(linked, warn)
    realSurprises(linked, tree.source, warn)
  }
  return found
}

function warnInto(found: Finding[], source: Source): Warn {
  return (span, code, message, help, { severity = 'warning', fix } = {}) => {
    found.push(source.finding({ span, severity, code, message, help, ...(fix ? { fix } : {}) }))
  }
}

function quiescentUnset(tree: Tree, sections: readonly LinkedSection[], warn: Warn): void {
  // Also one that is refused was meant.
  if (tree.source.lines.some(line => /^quiescent\s*=/.test(line.raw))) return
  const without = sections.find(linked => linked.section.target !== null && !last(linked, 'quiescent'))
  if (without === undefined) return
  warn(
    without.section.span,
    'quiescent-unset',
    'quiescent is not set, which means no, although the manual of ldirectord says yes: a server that goes down is removed and its connections break',
    'write quiescent=yes or quiescent=no in column 1',
    { severity: 'info' },
  )
}

function carriageReturns(source: Source, warn: Warn): void {
  const first = source.lines.find(line => line.raw.endsWith('\r'))
  if (first === undefined) return
  warn(
    { line: first.number, column: first.raw.length, length: 1 },
    'carriage-return',
    'the line ends in CR LF; the CR belongs to the value',
    'save the file with LF at the end of lines',
  )
}

function targetSurprises(linked: LinkedSection, warn: Warn): void {
  const { section, key } = linked
  const { target, span, text, family } = section
  const name = family === 6 ? 'virtual6' : 'virtual'
  if (target?.kind === 'mark') {
    if (/^\d+\.\d/.test(text)) {
      const message = `${name}=${text} has no port, so it is the firewall mark ${target.mark}`
      warn(span, 'mark-from-address', message, `write ${name}=${text.split(/[:\s]/)[0]}:PORT`)
    } else if (/^\d+[ \t]*[^ \t\d#]/.test(text)) {
      const message = `${name}=${text} is the firewall mark ${target.mark}; what follows the number is ignored`
      warn(span, 'text-behind-mark', message, `write ${name}=${target.mark}`)
    }
    if (target.mark < 1 || target.mark > MARK_MAX) {
      warn(
        span,
        'mark-range',
        `a firewall mark goes from 1 to ${MARK_MAX}; found ${target.digits}`,
        'write a mark within',
      )
    }
    return
  }
  if (target === null) return
  const rest = text.slice(target.host.length + 1 + target.port.length)
  if (rest !== '') {
    warn(
      span,
      'text-behind-port',
      `"${rest.trim()}" behind the port is ignored`,
      `write ${name}=${target.host}:${target.port}`,
    )
  }
  if (key !== null && key.protocol !== 'fwm' && key.port === 0 && !last(linked, 'persistent')) {
    const message = 'port 0 (every port) is refused by the kernel unless the service is persistent'
    warn(span, 'zero-port', message, 'write a port, or persistent=SECONDS')
  }
}

function checkSurprises(linked: LinkedSection, globalFallback: boolean, warn: Warn): void {
  const { section } = linked
  const { checktype, service, negotiates } = askedOf(linked)
  const span = (last(linked, 'service') ?? last(linked, 'checktype') ?? section).span
  const named = last(linked, 'service') !== undefined || linked.key !== null
  if (negotiates && service === 'none' && named) {
    const why = last(linked, 'service') ? 'service=none' : 'no service= and a port that names none'
    const message = `the servers are never checked and always count as up: checktype ${checktype} with ${why}`
    warn(span, 'never-checked', message, 'write service=http (or another), or checktype=connect')
  }
  if (negotiates && service === 'dns' && !last(linked, 'receive')) {
    const message = 'a dns check without receive always fails'
    warn(span, 'dns-without-receive', message, 'write receive="ADDRESS" with what the answer must hold')
  }
  if (negotiates && ['mysql', 'pgsql', 'oracle'].includes(service)) {
    const missing = ['login', 'request'].filter(name => !last(linked, name))
    const message = `a ${service} check without ${missing.join(' and ')} always fails`
    if (missing.length > 0)
      warn(span, 'sql-incomplete', message, `write ${missing.map(name => `${name}="..."`).join(' and ')}`)
  }
  if (checktype.startsWith('external') && !last(linked, 'checkcommand')) {
    const message = `checktype=${checktype} without checkcommand runs /bin/true, so every server counts as up`
    warn(span, 'external-without-command', message, 'write checkcommand=PROGRAM')
  }
  if (checktype === 'off' && (globalFallback || last(linked, 'fallback') || last(linked, 'fallback6'))) {
    const message = 'with checktype=off no real server is up, so the fallback gets everything'
    warn(
      last(linked, 'checktype')!.span,
      'off-with-fallback',
      message,
      'write checktype=on to use the real servers unchecked',
    )
  }
}

function tableSurprises(linked: LinkedSection, warn: Warn): void {
  const netmask = last(linked, 'netmask')
  if (netmask && !last(linked, 'persistent')) {
    warn(
      netmask.span,
      'netmask-without-persistent',
      'netmask shows effect only with persistent',
      'write persistent=SECONDS, or remove netmask',
    )
  }
  const ops = last(linked, 'ops')
  if (ops?.value === true && linked.key !== null && linked.key.protocol !== 'udp') {
    warn(
      ops.span,
      'ops-without-udp',
      'ops shows effect only with protocol=udp',
      'remove ops, or write protocol=udp',
    )
  }
  const scheduler = last(linked, 'scheduler')
  if (scheduler && !SCHEDULERS.includes(String(scheduler.value))) {
    const message = `scheduler "${String(scheduler.value)}" is none of Linux: ${SCHEDULERS.join(', ')}`
    warn(scheduler.span, 'unknown-scheduler', message, 'write one of them, such as wrr or wlc')
  }
  if (linked.lines.length === 0 && !linked.section.interrupted) {
    const name = linked.section.family === 6 ? 'real6' : 'real'
    warn(
      linked.section.span,
      'no-real',
      'the virtual service has no real server',
      `write ${name}=ADDRESS:PORT gate`,
    )
  }
}

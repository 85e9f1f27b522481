/**
 * What is demanded of an answer that cannot be demanded: a `receive` that is no usable Perl regular expression is
 * refused with its column, because a check that asks something else than was written is worse than a file that does
 * not load. Directives that no check of the section looks at are warned of.
 */
import { compilePerlRegexp } from '../checks/core/perl-regexp.js'
import { askedOf, last } from './asked.js'
import { TLS_SERVICES, tlsDirectives } from './directives-tls.js'
import type { LinkedSection } from './link-section.js'
import type { Source } from './source.js'
import type { Entry, Tree, Warn } from './tree.js'

const RECEIVE_SERVICES = ['http', 'https', 'http_proxy', 'ftp', 'ldap', 'ldaps', 'dns', 'simpletcp']
const DIGEST_SERVICES = ['http', 'https', 'http_proxy', 'ftp']

export function answerSurprises(linked: LinkedSection, tree: Tree, warn: Warn): void {
  const { service, checktype, negotiates } = askedOf(linked)
  const asked = negotiates ? service : `checktype=${checktype}`
  if (negotiates && RECEIVE_SERVICES.includes(service)) receivePatterns(linked, tree.source, warn)
  const digest = last(linked, 'receivedigest')
  if (digest && !DIGEST_SERVICES.includes(asked))
    unused(digest, asked, `service ${DIGEST_SERVICES.join(', ')}`, warn)
  if (digest && DIGEST_SERVICES.includes(asked) && last(linked, 'httpmethod')?.value === 'HEAD') {
    const message = 'an answer to HEAD has no body, so it never has this digest'
    warn(digest.span, 'digest-of-head', message, 'write httpmethod=GET')
  }
  for (const name of Object.keys(tlsDirectives('global'))) {
    const entry = last(linked, name)
    if (entry && !TLS_SERVICES.includes(asked))
      unused(entry, asked, `service ${TLS_SERVICES.join(', ')}`, warn)
  }
  keyWithoutCertificate(linked.section.entries, warn)
}

export function keyWithoutCertificate(entries: readonly Entry[], warn: Warn): void {
  const key = entries.findLast(entry => entry.name === 'tlskey')
  if (!key || entries.some(entry => entry.name === 'tlscert')) return
  const message = 'tlskey wants the certificate that it belongs to beside it; found no tlscert'
  warn(key.span, 'key-without-certificate', message, 'write tlscert=PATH at the same place', {
    severity: 'error',
  })
}

function unused(entry: Entry, asked: string, wanted: string, warn: Warn): void {
  const message = `${entry.name} shows effect only with ${wanted}; this section has ${asked}`
  warn(entry.span, 'unused-directive', message, 'remove the line')
}

function receivePatterns(linked: LinkedSection, source: Source, warn: Warn): void {
  const own = last(linked, 'receive')
  if (own) refusePattern(String(own.value), own, source, warn)
  for (const { entry, linked: real } of linked.lines) {
    if (real.text === null || 'refused' in real.text.options) continue
    const { pair } = real.text.options
    if (pair) refusePattern(pair.receive, entry, source, warn)
  }
}

function refusePattern(pattern: string, entry: Entry, source: Source, warn: Warn): void {
  // As in the original a pattern without a single ordinary character asks nothing.
  if (!/[^\n]/.test(pattern)) return
  const compiled = compilePerlRegexp(pattern)
  if (compiled.kind !== 'refused') return
  // The pattern is the last thing in quotes of its line, in which it may also stand before as a request.
  const raw = source.raw(entry.span.line)
  const start = raw.lastIndexOf(`"${pattern}"`) + 1
  const span =
    start === 0
      ? entry.span
      : {
          line: entry.span.line,
          column: start + [...pattern].slice(0, compiled.column - 1).join('').length + 1,
          length: 1,
        }
  const message = `receive wants a Perl regular expression; character ${compiled.column} of "${pattern}": ${compiled.reason}`
  warn(
    span,
    'receive-pattern',
    message,
    'write it otherwise, or \\ in front of a character that is meant itself',
    {
      severity: 'error',
    },
  )
}

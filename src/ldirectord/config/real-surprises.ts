/** Lines real= and real6= that the original accepts although they cannot do what was meant. */
import type { LinkedReal } from './link-real.js'
import type { LinkedSection } from './link-section.js'
import type { RealOptions, RealText } from './real-line.js'
import type { Source } from './source.js'
import type { Entry, Warn } from './tree.js'

const WEIGHT_MAX = 65_535

export function realSurprises(linked: LinkedSection, source: Source, warn: Warn): void {
  const seen = new Map<string, number>()
  for (const { entry, linked: real } of linked.lines) {
    if (real.text === null || 'refused' in real.text.options) continue
    searched(entry, real.text, real.text.options, source, warn)
    slashPair(entry, real.text.options, source, warn)
    weights(entry, real.text.options, warn)
    ports(entry, real, linked, source, warn)
    for (const server of real.servers) {
      const id = `${server.address} ${server.port}`
      const first = seen.get(id)
      if (first === undefined) seen.set(id, entry.span.line)
      else {
        const message = `${server.address}:${server.port} is given twice in this section (first at line ${first})`
        warn(entry.span, 'real-given-twice', message, 'remove one of the two')
        break
      }
    }
  }
}

/** The original finds each piece by searching; what it skips shows no effect. */
function searched(entry: Entry, text: RealText, options: RealOptions, source: Source, warn: Warn): void {
  const skipped = text.skipped.trim()
  if (skipped !== '') {
    const message = `${entry.name} takes ${text.host} as the server; "${skipped}" in front of it is ignored`
    const help =
      skipped.includes(':') && !skipped.includes('[')
        ? 'write an IPv6 address as [ADDRESS] in a virtual6 section'
        : 'remove it'
    warn(source.within(entry.span, skipped), 'real-not-at-start', message, help)
  }
  for (const piece of options.swallowed) {
    const message = `"${piece}" stands where ${entry.name} does not look for it and is ignored`
    warn(
      source.within(entry.span, piece),
      'ignored-piece',
      message,
      'write METHOD WEIGHT "REQUEST","RECEIVE" l:N u:N in this order',
    )
  }
}

/** ldirectord 4.12 reads the rest of such a line wrongly; a peer may still run it. */
function slashPair(entry: Entry, options: RealOptions, source: Source, warn: Warn): void {
  if (!options.pair || !/"\//.test(entry.text)) return
  const span = source.within(entry.span, '"/')
  const message =
    'ldirectord 4.12 forgets the receive string, l: and u: of a pair whose request begins with /'
  const edits = [{ line: span.line, column: span.column + 1, length: 1, text: '' }]
  warn(span, 'slash-in-pair', message, 'leave the / out; it is added', {
    fix: { description: 'leave the / out; it is added', edits },
  })
}

function weights(entry: Entry, options: RealOptions, warn: Warn): void {
  const { weight, lower, upper } = options
  if (weight === 0) {
    warn(
      entry.span,
      'weight-zero',
      'a server of weight 0 gets no new connections',
      'write a weight of at least 1',
      {
        severity: 'info',
      },
    )
  }
  if (weight > WEIGHT_MAX) {
    warn(
      entry.span,
      'weight-range',
      `ipvsadm takes weights up to ${WEIGHT_MAX}; found ${weight}`,
      'write a smaller weight',
    )
  }
  if (upper > 0 && lower > upper) {
    warn(
      entry.span,
      'thresholds',
      `the lower threshold ${lower} is above the upper one ${upper}`,
      `write l:${upper} u:${lower}`,
    )
  }
}

/** Direct routing and tunnels do not change the port, so the kernel keeps that of the service. */
function ports(entry: Entry, real: LinkedReal, linked: LinkedSection, source: Source, warn: Warn): void {
  const { key } = linked
  const server = real.servers[0]
  if (server === undefined || key === null || key.protocol === 'fwm') return
  const piece = real.text?.port ?? ''
  if (server.port === 0) {
    if (server.method !== 'masq' || key.port === 0) return
    const message = 'a masq server without a port is entered with port 0'
    warn(entry.span, 'real-without-port', message, `write ${real.text?.host}:${key.port}`)
  } else if (server.method !== 'masq' && server.port !== key.port) {
    const message = `${server.method} cannot change the port: connections go to port ${key.port}, only the check uses ${server.port}`
    const help = `write port ${key.port} and checkport=${server.port}, or masq`
    warn(source.within(entry.span, piece), 'port-of-gate', message, help)
  }
}

/**
 * What the directives of one ha.cf add up to. The reader hands in one good value after the other; here are the rules
 * about what came before: the port of a medium, a node or client given twice, derived times.
 */
import type { ApiAuth, EnvSetting, Respawn, Stonith, StonithHost } from './clients.js'
import { NICE_FAILBACK_OBSOLETE } from './directives/nice-failback.js'
import type { AutoFailback } from './directives/timing.js'
import { type DirectiveName, type HaCf, haCfSettings, type Placed } from './ha-cf-table.js'
import type { Place, Word } from './lines.js'
import type { Medium, MediumText } from './media.js'
import { recordedDefaults, recordedName } from './recorded.js'
import type { Report } from './report.js'

/** The kinds that use udpport, which each takes over when its first line is read. */
const UDP_KINDS: ReadonlySet<string> = new Set(['ucast', 'ucast6', 'bcast'])

interface Lists {
  readonly respawn: Placed<Respawn>[]
  readonly failfast: Placed<Respawn>[]
  readonly apiauth: Placed<ApiAuth>[]
  readonly env: Placed<EnvSetting>[]
  readonly stonith: Placed<Stonith>[]
  readonly stonith_host: Placed<StonithHost>[]
}

export class HaCfValues {
  /** Where each directive was last given. */
  readonly places = new Map<string, Place>()
  readonly #report: Report
  readonly #file: string
  readonly #values = new Map<string, unknown>()
  readonly #recorded = new Map<string, string>()
  readonly #nodes = new Map<string, Place>()
  readonly #clients = new Map<string, Place>()
  readonly #media: Medium[] = []
  readonly #udpportOfKind = new Map<string, number>()
  readonly #lists: Lists = { respawn: [], failfast: [], apiauth: [], env: [], stonith: [], stonith_host: [] }

  constructor(report: Report, file: string) {
    this.#report = report
    this.#file = file
  }

  keep(name: DirectiveName, value: unknown, word: Word): void {
    const place: Place = { span: word.span, source: word.source }
    if (name === 'node') this.#keepNode(word)
    else if (name === 'nice_failback') this.#niceFailback(value as boolean, word)
    else if (Object.hasOwn(this.#lists, name)) this.#keepEntry(name as keyof Lists, value, place)
    else if (Object.hasOwn(haCfSettings, name)) this.#keepSetting(name, value, word)
    else this.#keepMedium(value as MediumText, place)
  }

  #keepNode(word: Word): void {
    const name = word.text.toLowerCase()
    const first = this.#nodes.get(name)
    if (first === undefined) {
      this.#nodes.set(name, word)
      return
    }
    this.#report.warning(word, {
      code: 'node-twice',
      message: `node ${name} is named twice (first at ${this.#file}:${first.span.line})`,
      help: 'name each node once',
    })
  }

  #keepEntry(name: keyof Lists, value: unknown, place: Place): void {
    if (name === 'apiauth') this.#checkApiAuthTwice(value as ApiAuth, place)
    const list: unknown[] = this.#lists[name]
    list.push({ ...(value as object), place })
  }

  #checkApiAuthTwice(client: ApiAuth, place: Place): void {
    const first = this.#clients.get(client.name)
    if (first === undefined) {
      this.#clients.set(client.name, place)
      return
    }
    const said = place.source.slice(place.span.column - 1, place.span.column - 1 + place.span.length)
    this.#report.error(place, {
      code: 'given-twice',
      message: `apiauth ${client.name} is given twice (first at ${this.#file}:${first.span.line})`,
      original: `Duplicate apiauth directive for API client ${client.name}: [${said}]`,
      help: 'put all users and groups of a client into one line',
    })
  }

  #keepSetting(name: string, value: unknown, word: Word): void {
    this.#values.set(name, value)
    this.#recorded.set(recordedName(name), word.text)
    if (name === 'udpport') this.#checkUdpportOrder(word)
  }

  #checkUdpportOrder(place: Place): void {
    const late = [...this.#udpportOfKind.keys()]
    if (late.length === 0) return
    this.#report.warning(place, {
      code: 'order',
      message: `udpport comes too late for ${late.join(' and ')}, which keeps port ${this.#udpportOfKind.get(late[0]!)}`,
      original: 'heartbeat: udpport setting must precede media statements',
      help: 'put the udpport line above the first ucast or bcast line',
    })
  }

  #keepMedium(medium: MediumText, place: Place): void {
    const inForce = (this.#values.get('udpport') as number | undefined) ?? haCfSettings.udpport.default
    const udpport = this.#udpportOfKind.get(medium.kind) ?? inForce
    if (UDP_KINDS.has(medium.kind)) this.#udpportOfKind.set(medium.kind, udpport)
    const baud = (this.#values.get('baud') as number | undefined) ?? haCfSettings.baud.default
    this.#media.push({ ...medium, place, udpport, baud })
  }

  #niceFailback(on: boolean, word: Word): void {
    const afterAutoFailback = this.#values.has('auto_failback')
    const value: AutoFailback = afterAutoFailback ? 'off' : 'legacy'
    this.#values.set('auto_failback', value)
    this.#recorded.set('auto_failback', value)
    this.#report.warning(word, {
      code: 'old-directive',
      message: `nice_failback is obsolete; it is read as "auto_failback ${value}"`,
      original: afterAutoFailback
        ? `'nice_failback ${word.text}' has been changed to 'auto_failback off'`
        : NICE_FAILBACK_OBSOLETE,
      help: `write "auto_failback ${on ? 'off' : 'on'}"`,
    })
  }

  value(): HaCf {
    const settings: Record<string, unknown> = {}
    for (const [name, row] of Object.entries(haCfSettings))
      settings[name] = this.#values.get(name) ?? row.default
    const deadtime = settings.deadtime as number
    const logs =
      ['logfile', 'debugfile'].some(name => settings[name] !== null) ||
      ![null, 'none'].includes(settings.logfacility as string | null)
    const derived = {
      warntime: settings.warntime ?? Math.floor(deadtime / 2),
      initdead: settings.initdead ?? defaultInitdeadMs(deadtime),
      deadping: settings.deadping ?? deadtime,
      auto_failback: settings.auto_failback ?? 'legacy',
      use_logd: settings.use_logd ?? !logs,
    }
    return {
      ...(settings as Omit<HaCf, keyof typeof derived>),
      ...(derived as Pick<HaCf, keyof typeof derived>),
      ...this.#lists,
      node: [...this.#nodes.keys()],
      media: this.#media,
      places: this.places,
      recorded: new Map([...recordedDefaults(deadtime), ...this.#recorded]),
    }
  }
}

/** The original's rule; see docs/ha.cf.md. */
function defaultInitdeadMs(deadtimeMs: number): number {
  if (deadtimeMs > 10_000) return deadtimeMs
  return deadtimeMs < 6000 ? 12_000 : 2 * deadtimeMs
}

/**
 * What one director says about its virtual services: from the kernel (`ipvsadm -S -n`, `-L -n`, `-L -n -c`) or from
 * `ldirectord status --json`, whichever forwards there. The parts come in one answer, each behind a line `== NAME`.
 */

export interface RealView {
  /** `tcp:10.0.0.1:80`, `udp:[fd00::1]:53`, `fwm:5`. */
  readonly virtual: string
  readonly persistentSeconds: number | null
  /** `10.0.0.7:80`; port 0 in a group of ports. */
  readonly real: string
  /** The kernel keeps the port of the packet: the port of the entry is that of the service. */
  readonly keepsPort: boolean
  readonly weight: number
  readonly active: number
  readonly inactive: number
  /** Its weight in ldirectord.cf; null: it does not say, or is another ldirectord. */
  readonly weightInFile: number | null
  /** ldirectord counts failures of its check: it may be gone at any moment. */
  readonly isFailing: boolean
}

export interface Template {
  readonly virtual: string
  readonly real: string
  readonly expiresSeconds: number
}

export interface DirectorView {
  readonly director: string
  readonly source: 'ipvsadm' | 'ldirectord'
  readonly reals: readonly RealView[]
  readonly templates: readonly Template[]
  /** net.ipv4.vs.expire_quiescent_template; null: the forwarder has no such setting and never follows a template to weight 0. */
  readonly expireTemplate: '0' | '1' | null
  readonly tcpFinSeconds: number
  readonly udpSeconds: number
  /** What it has taken over since it was first looked at: virtual services, or whatever another director had. */
  readonly gained: readonly string[] | 'everything'
}

export interface LostDirector {
  readonly director: string
  readonly unreachable: string
  /** As it was last seen; null: never. */
  readonly last: DirectorView | null
}

export type Reading = DirectorView | LostDirector

export const isView = (reading: Reading): reading is DirectorView => 'reals' in reading
export const isLost = (reading: Reading): reading is LostDirector => 'unreachable' in reading

export function readDirector(director: string, text: string): Reading {
  const parts = splitParts(text)
  const lost = (unreachable: string): LostDirector => ({ director, unreachable, last: null })
  if (!parts.has('end')) return lost('its answer was cut')
  const status = readStatus(parts.get('status') ?? '')
  if (status !== null && status.forwarder !== 'ipvs') return fromStatus(director, status)
  const saved = parts.get('saved')
  if (saved === undefined) return lost('ldirectord does not answer `status --json` there')
  if (/^(Can't|sh:|.*not found|.*Permission|.*permitted|sudo:)/m.test(saved))
    return lost(`ipvsadm: ${saved.trim().split('\n')[0]}`)
  return fromKernel(director, parts, status)
}

function splitParts(text: string): Map<string, string> {
  const parts = new Map<string, string>()
  let name: string | null = null
  for (const line of text.split('\n')) {
    const head = /^== (\w+)$/.exec(line)
    if (head !== null) {
      name = head[1]!
      parts.set(name, '')
    } else if (name !== null) parts.set(name, `${parts.get(name)}${line}\n`)
  }
  return parts
}

interface Shown {
  readonly server: string
  readonly weight: number | null
  readonly weightInFile?: number
  readonly softFailures?: number
  readonly activeConnections: number
  readonly inactiveConnections: number
}

interface StatusRecord {
  readonly forwarder: string
  readonly virtuals: readonly { readonly id: string; readonly reals: readonly Shown[] }[]
}

/** The record of our own ldirectord; null: it is another one, or none. */
function readStatus(text: string): StatusRecord | null {
  try {
    const record = JSON.parse(text) as StatusRecord
    return Array.isArray(record.virtuals) ? record : null
  } catch {
    return null
  }
}

const fileFacts = (shown: Shown | undefined): Pick<RealView, 'weightInFile' | 'isFailing'> => ({
  weightInFile: shown?.weightInFile ?? null,
  isFailing: (shown?.softFailures ?? 0) > 0,
})

/** Where it forwards in user space; over the kernel the kernel is asked itself. */
function fromStatus(director: string, { virtuals }: StatusRecord): DirectorView {
  const reals = virtuals.flatMap(({ id, reals: shown }) =>
    shown
      .filter(entry => entry.weight !== null)
      .map(entry => ({
        virtual: id,
        persistentSeconds: null,
        real: entry.server,
        keepsPort: false,
        weight: entry.weight!,
        active: entry.activeConnections,
        inactive: entry.inactiveConnections,
        ...fileFacts(entry),
      })),
  )
  return {
    director,
    source: 'ldirectord',
    reals,
    templates: [],
    expireTemplate: null,
    tcpFinSeconds: 0,
    udpSeconds: 0,
    gained: [],
  }
}

const option = (words: readonly string[], name: string): string | null => {
  const at = words.indexOf(name)
  return at < 0 ? null : (words[at + 1] ?? null)
}

function virtualOf(words: readonly string[]): string | null {
  const tcp = option(words, '-t')
  if (tcp !== null) return `tcp:${tcp}`
  const udp = option(words, '-u')
  if (udp !== null) return `udp:${udp}`
  const mark = option(words, '-f')
  return mark === null ? null : `${words.includes('-6') ? 'fwm6' : 'fwm'}:${mark}`
}

function fromKernel(
  director: string,
  parts: ReadonlyMap<string, string>,
  status: StatusRecord | null,
): DirectorView {
  const ours = new Map(
    status?.virtuals.flatMap(({ id, reals: shown }) => shown.map(entry => [`${id} ${entry.server}`, entry])),
  )
  const persistent = new Map<string, number>()
  const reals: RealView[] = []
  const counts = readCounts(parts.get('list') ?? '')
  for (const line of (parts.get('saved') ?? '').split('\n')) {
    const words = line.trim().split(/\s+/)
    const virtual = virtualOf(words)
    if (virtual === null) continue
    const seconds = option(words, '-p')
    if (words[0] === '-A' && seconds !== null) persistent.set(virtual, Number(seconds))
    const real = option(words, '-r')
    if (words[0] !== '-a' || real === null) continue
    const [active = 0, inactive = 0] = counts.get(`${virtual} ${real}`) ?? []
    reals.push({
      virtual,
      real,
      active,
      inactive,
      persistentSeconds: persistent.get(virtual) ?? null,
      keepsPort: virtual.startsWith('fwm') || !words.includes('-m'),
      weight: Number(option(words, '-w') ?? 1),
      ...fileFacts(ours.get(`${virtual} ${real}`)),
    })
  }
  const expire = (parts.get('expire') ?? '').trim()
  const timeouts = /(\d+) (\d+) (\d+)/.exec(parts.get('timeout') ?? '')
  return {
    director,
    source: 'ipvsadm',
    reals,
    templates: readTemplates(parts.get('connections') ?? ''),
    expireTemplate: expire === '1' ? '1' : expire === '0' ? '0' : null,
    tcpFinSeconds: Number(timeouts?.[2] ?? 120),
    udpSeconds: Number(timeouts?.[3] ?? 300),
    gained: [],
  }
}

/** `VIRTUAL REAL` to active and inactive connections, from `ipvsadm -L -n`. */
function readCounts(text: string): Map<string, [number, number]> {
  const counts = new Map<string, [number, number]>()
  let virtual = ''
  for (const line of text.split('\n')) {
    const [first, second = '', third = '', , active, inactive] = line.trim().split(/\s+/)
    if (first === 'TCP' || first === 'UDP') virtual = `${first.toLowerCase()}:${second}`
    else if (first === 'FWM') virtual = `${third === 'IPv6' ? 'fwm6' : 'fwm'}:${second}`
    else if (first === '->') counts.set(`${virtual} ${second}`, [Number(active ?? 0), Number(inactive ?? 0)])
  }
  return counts
}

/**
 * Rows with client port 0: the memory that a client belongs to a server. Of a mark (`0.0.0.5:0`) and of a group of
 * ports (`10.0.0.1:0`) the virtual is written in the row's own way and only used for reading.
 */
function readTemplates(text: string): Template[] {
  const templates: Template[] = []
  for (const line of text.split('\n')) {
    const [protocol = '', expire = '', , source = '', virtual = '', real = ''] = line.trim().split(/\s+/)
    if (!source.endsWith(':0') || real === '') continue
    const [minutes, rest] = expire.split(':').map(Number)
    templates.push({
      virtual: `${protocol.toLowerCase()}:${virtual}`,
      real,
      expiresSeconds: (minutes ?? 0) * 60 + (rest ?? 0),
    })
  }
  return templates
}

const addressOf = (place: string): string => place.slice(0, place.lastIndexOf(':'))

/**
 * The entries of a director that are this real. The kernel writes the port of the service for direct routing and
 * tunnels, and 0 for marks and groups: there the address decides, unless the exact entry is there too.
 */
export function entriesOf(view: DirectorView, real: string, virtuals: readonly string[]): RealView[] {
  const wanted = view.reals.filter(
    entry => virtuals.length === 0 || virtuals.some(name => names(entry.virtual, name)),
  )
  const exact = wanted.filter(entry => entry.real === real)
  if (exact.length > 0) return exact
  return wanted.filter(entry => entry.keepsPort && addressOf(entry.real) === addressOf(real))
}

/** `10.0.0.1:80` and `5` as deploy.cf names a virtual. */
const names = (virtual: string, name: string): boolean =>
  virtual === name || virtual.slice(virtual.indexOf(':') + 1) === name

export function templatesOf(view: DirectorView, real: string): Template[] {
  return view.templates.filter(template => template.real === real || template.real === `${addressOf(real)}:0`)
}

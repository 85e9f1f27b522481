/** Releases on a host: their names, their states, and which of them may be gone back to. */

export type ReleaseState = 'unfinished' | 'ready' | 'good' | 'bad'

/** The file `.ha-release.json` inside a release. */
export interface ReleaseFile {
  readonly id: string
  readonly run: string
  readonly digest: string | null
  readonly state: ReleaseState
  readonly times: Readonly<Record<string, string>>
}

const ID = /^\d{14}(?:-[A-Za-z0-9_][A-Za-z0-9_.-]{0,48})?$/
export const isReleaseId = (text: string): boolean => ID.test(text)

/** `20261121050210` for 2026-11-21T05:02:10.000Z, with a label behind it. */
export function releaseId(iso: string, label: string | null): string {
  const digits = iso.replace(/\D/g, '').slice(0, 14)
  return label === null ? digits : `${digits}-${label}`
}

export interface HostView {
  /** The release that current points to; null: there is no link, or it points elsewhere. */
  readonly current: string | null
  /** As readlink gives it. */
  readonly link: string | null
  readonly isDirectory: boolean
  readonly exists: boolean
  readonly isWritable: boolean
  readonly freeKiB: number | null
  /** Oldest first. */
  readonly releases: readonly ReleaseFile[]
  /** Of uploads; whole ones are unpacked and removed. */
  readonly archives: readonly string[]
  readonly revisions: readonly Revision[]
  readonly lock: string | null
}

export interface Revision {
  readonly time: string
  readonly run: string
  readonly release: string
  readonly mark: string
}

/** From the lines of the script INSPECT. */
export function readHostView(text: string): HostView {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const blank = line.indexOf(' ')
    const word = blank < 0 ? line : line.slice(0, blank)
    if (word !== '') values.set(word, [...(values.get(word) ?? []), blank < 0 ? '' : line.slice(blank + 1)])
  }
  const first = (word: string): string | null => values.get(word)?.[0] ?? null
  const link = first('current')
  const current = link?.startsWith('releases/') ? link.slice('releases/'.length).replace(/\/$/, '') : null
  const free = Number(first('free') ?? Number.NaN)
  return {
    link,
    current: current !== null && isReleaseId(current) ? current : null,
    isDirectory: values.has('directory'),
    exists: !values.has('missing'),
    isWritable: values.has('writable'),
    freeKiB: Number.isFinite(free) ? free : null,
    releases: (values.get('release') ?? [])
      .map(readRelease)
      .filter(({ id }) => isReleaseId(id))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    archives: values.get('archive') ?? [],
    revisions: (values.get('revision') ?? []).map(readRevision).filter(revision => revision !== null),
    lock: first('lock'),
  }
}

/** A file that cannot be read is that of an unfinished release, whatever it was meant to be. */
function readRelease(line: string): ReleaseFile {
  const [id = ''] = line.split(' ', 1)
  const unfinished: ReleaseFile = { id, run: '', digest: null, state: 'unfinished', times: {} }
  try {
    const value = JSON.parse(line.slice(id.length + 1)) as Partial<ReleaseFile>
    const states: readonly unknown[] = ['unfinished', 'ready', 'good', 'bad']
    return states.includes(value.state) && isReleaseId(id) ? { ...unfinished, ...value, id } : unfinished
  } catch {
    return unfinished
  }
}

function readRevision(line: string): Revision | null {
  const [time, run, release, mark] = line.split(' ')
  return mark === undefined ? null : { time: time!, run: run!, release: release!, mark }
}

/**
 * Where a rollback goes: the last release that the log calls good, that is not the current one and is still good.
 * Never the second newest folder: that may be one that was never finished.
 */
export function rollbackTarget(view: HostView): string | null {
  const isGood = (id: string): boolean =>
    view.releases.some(release => release.id === id && release.state === 'good')
  const found = view.revisions.findLast(
    ({ mark, release }) => mark === 'good' && release !== view.current && isGood(release),
  )
  return found?.release ?? null
}

/**
 * What `prune` may remove: whatever is unfinished or bad, and the oldest of the others beyond `keep`; never the current
 * one, and never the one that a rollback would take. No run is under way when it is asked.
 */
export function prunable(view: HostView, keep: number): string[] {
  const kept = [view.current, rollbackTarget(view)]
  const others = view.releases.filter(({ id }) => !kept.includes(id))
  const isUseful = ({ state }: ReleaseFile): boolean => state === 'ready' || state === 'good'
  const useful = others.filter(isUseful)
  const old = new Set(useful.slice(0, Math.max(0, useful.length - keep)))
  const gone = others.filter(release => !isUseful(release) || old.has(release))
  return [...gone.map(({ id }) => id), ...view.archives]
}

/** The text of the link that stands in a release for a path in shared/. */
export function sharedLink(path: string): string {
  const depth = path.split('/').length - 1
  return `${'../'.repeat(depth + 2)}shared/${path}`
}

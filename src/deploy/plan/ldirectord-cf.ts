/** What a drain must know of the directors' ldirectord.cf. Read with ldirectord's own parser; no name is resolved. */
import { parse } from '../../ldirectord/config/parse.js'
import { readReal } from '../../ldirectord/config/real-line.js'

export interface LdirectordFacts {
  readonly maintenancedir: string | null
  /** Virtual services whose servers are deleted instead of set to weight 0, with the reals that they list. */
  readonly deleting: readonly { readonly virtual: string; readonly reals: readonly string[] }[]
  /** Real as written to its weight in the file. */
  readonly weights: ReadonlyMap<string, number>
  /** The longest checkinterval. */
  readonly checkSeconds: number
}

const CHECK_SECONDS = 10

export function readFacts(text: string, file: string): LdirectordFacts {
  const tree = parse(text, file)
  const last = (name: string, entries: typeof tree.entries): unknown =>
    entries.findLast(entry => entry.name === name)?.value
  const globalQuiescent = last('quiescent', tree.entries)
  const weights = new Map<string, number>()
  const interval = (entries: typeof tree.entries): number => Number(last('checkinterval', entries) ?? 0)
  let checkSeconds = interval(tree.entries) || CHECK_SECONDS
  const deleting: { virtual: string; reals: string[] }[] = []
  for (const step of tree.steps) {
    if (step.kind !== 'section') continue
    const { entries, text: virtual } = step.section
    checkSeconds = Math.max(checkSeconds, interval(entries))
    const reals: string[] = []
    for (const entry of entries.filter(({ name }) => name === 'real' || name === 'real6')) {
      const real = readReal(entry.text)
      if (real === null || 'refused' in real.options) continue
      const place = real.port === null ? real.host : `${real.host}:${real.port}`
      reals.push(place)
      weights.set(place, real.options.weight)
    }
    if ((last('quiescent', entries) ?? globalQuiescent) === false) deleting.push({ virtual, reals })
  }
  const maintenancedir = last('maintenancedir', tree.entries)
  return {
    maintenancedir: typeof maintenancedir === 'string' ? maintenancedir : null,
    deleting,
    weights,
    checkSeconds,
  }
}

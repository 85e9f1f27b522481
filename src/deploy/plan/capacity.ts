/**
 * Whether the virtual services bear the loss of some hosts: in each that lists one of them, the weight that is left
 * must not be less than min_up. Weights of servers that are down or drained count as 0 now and as their weight in the
 * file (or as what they show) in the whole; so does one whose check has begun to fail, which may be down in a moment.
 */
import type { Share } from '../config/forms.js'
import { type DirectorView, entriesOf } from './director-view.js'

export interface Capacity {
  /** The first of the wanted hosts that can be drained together. */
  readonly allowed: readonly string[]
  /** Why no more. */
  readonly why: string
}

export function capacity(
  view: DirectorView,
  wanted: readonly string[],
  realsOf: ReadonlyMap<string, readonly string[]>,
  weights: ReadonlyMap<string, number>,
  minUp: Share,
  virtuals: readonly string[],
): Capacity {
  for (let size = wanted.length; size > 0; size--) {
    const allowed = wanted.slice(0, size)
    const why = lacking(
      view,
      allowed.flatMap(host => realsOf.get(host) ?? []),
      weights,
      minUp,
      virtuals,
    )
    if (why === null) return { allowed, why: '' }
    if (size === 1) return { allowed: [], why }
  }
  return { allowed: [], why: 'no host is left' }
}

/** null: every virtual keeps enough. */
function lacking(
  view: DirectorView,
  reals: readonly string[],
  weights: ReadonlyMap<string, number>,
  minUp: Share,
  virtuals: readonly string[],
): string | null {
  const drained = new Set(reals.flatMap(real => entriesOf(view, real, virtuals)))
  for (const real of reals)
    if (entriesOf(view, real, virtuals).length === 0) return `${view.director} does not list ${real}`
  for (const virtual of new Set([...drained].map(entry => entry.virtual))) {
    const entries = view.reals.filter(entry => entry.virtual === virtual)
    const whole = sum(
      entries.map(entry => Math.max(entry.weight, entry.weightInFile ?? weights.get(entry.real) ?? 0)),
    )
    const left = sum(
      entries.filter(entry => !drained.has(entry) && !entry.isFailing).map(entry => entry.weight),
    )
    const wanted = 'count' in minUp ? minUp.count : (whole * minUp.percent) / 100
    if (left < wanted)
      return `${virtual} would be left with weight ${left} of ${whole}; min_up wants ${Math.ceil(wanted)}`
  }
  return null
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

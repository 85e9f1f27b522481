/**
 * Whether ldirectord's own check of a host has passed since a moment, from `status --json`. A result that is older
 * speaks of the release before. Drained servers are checked as all others, so this is known while they are at weight 0.
 */

export type CheckState =
  /** Every virtual service that lists the host has checked it since then, and it passed. */
  | { readonly state: 'passed' }
  | { readonly state: 'waiting'; readonly why: string }
  /** This director does not forward, or is another ldirectord: its checks decide nothing. */
  | { readonly state: 'silent' }

/** @param withinMs how long ago that moment was */
export function freshCheck(text: string, reals: readonly string[], withinMs: number): CheckState {
  const status = readStatus(text)
  if (status?.role !== 'active') return { state: 'silent' }
  let isListed = false
  for (const { id, checktype, reals: listed } of status.virtuals) {
    for (const { server, method, last } of listed) {
      if (!reals.some(real => real === server || (method !== 'masq' && hostOf(real) === hostOf(server))))
        continue
      isListed = true
      // Nothing is ever asked there.
      if (checktype === 'on' || checktype === 'off') continue
      if (last === null || last.agoMs >= withinMs)
        return { state: 'waiting', why: `ldirectord has not checked ${server} in ${id} since the switch` }
      if (!last.passed)
        return {
          state: 'waiting',
          why: `the check of ldirectord fails for ${server} in ${id}: ${last.detail}`,
        }
    }
  }
  return isListed ? { state: 'passed' } : { state: 'silent' }
}

/** As far as it matters here. */
interface Seen {
  readonly role: string
  readonly virtuals: readonly {
    readonly id: string
    readonly checktype: string
    readonly reals: readonly {
      readonly server: string
      readonly method: string
      readonly last: { readonly passed: boolean; readonly detail: string; readonly agoMs: number } | null
    }[]
  }[]
}

function readStatus(text: string): Seen | null {
  try {
    const value = JSON.parse(text) as Partial<Seen>
    return value.role !== undefined && Array.isArray(value.virtuals) ? (value as Seen) : null
  } catch {
    return null // another ldirectord, or none
  }
}

const hostOf = (place: string): string => place.slice(0, place.lastIndexOf(':'))

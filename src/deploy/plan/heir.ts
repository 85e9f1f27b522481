/** Whether a director that went away has a successor. */
import { entriesOf, isLost, isView, type Reading } from './director-view.js'

/**
 * Why a director that cannot be reached must be waited for: it had this host when it was last seen, and nobody has
 * taken its virtual services over. What it does with clients is not known then. null: nothing is missing.
 */
export function missingHeir(
  readings: readonly Reading[],
  reals: readonly string[],
  virtuals: readonly string[],
): string | null {
  const views = readings.filter(isView)
  for (const { director, unreachable, last } of readings.filter(isLost)) {
    if (last === null) continue
    for (const { virtual } of reals.flatMap(real => entriesOf(last, real, virtuals))) {
      const hasHeir = views.some(
        ({ gained, reals: listed }) =>
          (gained === 'everything' || gained.includes(virtual)) &&
          listed.some(entry => entry.virtual === virtual),
      )
      if (!hasHeir) return `${director}: ${unreachable}, and no other director has taken ${virtual} over`
    }
  }
  return null
}

/**
 * Weights as nftables can have them: a numbered list of destinations from which `numgen` or `jhash` picks one. Each
 * destination stands in it as often as its weight says, evenly spread, so that neighbours differ (1 2 1 3, not 1 1 2 3).
 */

/** Slots of one service at most; heavier sums are scaled down, keeping at least one slot for each. */
const SLOTS_MAX = 4_096

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** How often each weight stands in the list; weights of 0 do not. */
export function slotCounts(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0) || 1
  const sum = weights.reduce((total, weight) => total + weight / divisor, 0)
  const serving = weights.filter(weight => weight > 0).length
  const most = Math.max(SLOTS_MAX, serving)
  if (sum <= most) return weights.map(weight => weight / divisor)
  return weights.map(weight =>
    weight === 0 ? 0 : Math.max(1, Math.floor((weight / divisor) * (most / sum))),
  )
}

/** The list: indexes into `weights`, each destination's slots at equal distances. */
export function spreadSlots(weights: readonly number[]): number[] {
  const slots: { readonly at: number; readonly index: number }[] = []
  slotCounts(weights).forEach((count, index) => {
    for (let turn = 0; turn < count; turn++) slots.push({ at: (turn + 0.5) / count, index })
  })
  return slots.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index)
}

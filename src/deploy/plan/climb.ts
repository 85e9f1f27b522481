/** slow_start: the weights between 1 and the one in the file, and how long each of them lasts. */

const STEPS_MAX = 10

export interface ClimbStep {
  readonly weight: number
  readonly seconds: number
}

/** Nothing for a weight of 1: there is nothing between it and 0. */
export function climb(top: number, seconds: number): ClimbStep[] {
  const count = seconds === 0 ? 0 : Math.max(0, Math.min(top - 1, STEPS_MAX))
  return Array.from({ length: count }, (_, step) => ({
    weight: 1 + Math.floor((step * (top - 1)) / count),
    seconds: seconds / count,
  }))
}

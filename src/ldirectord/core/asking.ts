/**
 * What a check asks next. A combined check (checktype=N) negotiates first; after a success come N connects, each of
 * which counts; then it negotiates again. Any failure makes the next one a negotiate.
 */
import type { Probe } from '../checks/check.js'
import type { PlannedCheck } from './probe.js'

export class Asking {
  readonly #connectsLeft = new Map<string, number>()

  probe(check: PlannedCheck): Probe {
    return check.connect !== null && (this.#connectsLeft.get(check.id) ?? 0) > 0 ? check.connect : check.probe
  }

  answered(check: PlannedCheck, passed: boolean): void {
    if (check.connect === null) return
    const left = this.#connectsLeft.get(check.id) ?? 0
    this.#connectsLeft.set(check.id, passed ? (left > 0 ? left - 1 : check.connectsBetween) : 0)
  }
}

/** How long the drain of a host would take if it began now, as far as that can be known. */
import type { DeployConfig } from '../config/directives.js'
import { assessDrain } from '../core/drain.js'
import { isView, type Reading } from './director-view.js'

export function expectedWait(
  readings: readonly Reading[],
  reals: readonly string[],
  { drain, director }: DeployConfig,
): string {
  const rule = {
    waitPersistentSeconds: drain.wait_persistent,
    waitShortSeconds: drain.wait_short,
    activeConn: drain.active_conn,
    virtuals: director.virtuals,
  }
  // What the run will have set by then.
  const then = readings.map(reading =>
    isView(reading) && drain.expire_template === 'auto' && reading.expireTemplate === '0'
      ? { ...reading, expireTemplate: '1' as const }
      : reading,
  )
  const { virtuals, why } = assessDrain(then, reals, rule, 0)
  if (virtuals.length === 0) return why
  const active = virtuals.reduce((sum, entry) => sum + entry.active, 0)
  const templates = virtuals.reduce((sum, entry) => sum + entry.templates, 0)
  const seconds = virtuals.map(({ waitSeconds }) => waitSeconds)
  const counts = `active ${active} templates ${templates}`
  if (seconds.includes(null)) return `${counts}, until they close, at most ${drain.max} s`
  return `${counts}, wait≈${Math.ceil(Math.max(...(seconds as number[])))}s`
}

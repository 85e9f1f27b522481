/** What the original logs of an external check that has not ended in time. */
import type { Outcome, Probe } from '../checks/check.js'
import type { VirtualService } from '../config/model.js'
import { externalTimedOut } from '../log-lines.js'

/** null: it has ended, or is no external check. */
export function lateExternal(
  { checktype, checktimeout }: VirtualService,
  { checkcommand, external }: Probe,
  outcome: Outcome | 'maintenance',
): string | null {
  if (checktype !== 'external' || outcome === 'maintenance' || outcome.code !== 'L7TOUT') return null
  const { virtualServer, virtualPort, realServer, realPort } = external
  return externalTimedOut(
    checktimeout,
    `${checkcommand} ${virtualServer} ${virtualPort} ${realServer} ${realPort}`,
  )
}

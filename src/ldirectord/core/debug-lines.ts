/**
 * What -d shows of each check, in the original's words, with what came of it and how long it took behind them. The
 * original's other debug lines (doubles of the log, steps within a check) are left out.
 */
import type { Outcome } from '../checks/check.js'
import type { RealServer, VirtualService } from '../config/model.js'
import { checkIdentity } from './check-identity.js'
import { endpoint, serviceId } from './table.js'

export function debugLines(
  virtual: VirtualService,
  real: RealServer,
  outcome: Outcome | 'maintenance',
  durationMs: number,
): string[] {
  const place = endpoint(real.address, real.port)
  const about = `real server=${checkIdentity(virtual, real)} (virtual=${serviceId(virtual.key)})`
  const disabled = `DEBUG2: Disabled ${about}`
  if (outcome === 'maintenance')
    return [disabled, `DEBUG3: Deactivated service ${place}: Server in maintenance`]
  if (virtual.checktype === 'on')
    return ['DEBUG2: Checking on: Real servers are added without any checks', `DEBUG2: Enabled  ${about}`]
  const told = `${outcome.code} ${outcome.detail}, ${Math.round(durationMs)} ms`
  return [
    `DEBUG2: Checking ${virtual.checktype}: ${about}`,
    ...(outcome.passed
      ? [`DEBUG2: Enabled  ${about}`, `DEBUG3: Activated service ${place}: ${told}`]
      : [disabled, `DEBUG3: Deactivated service ${place}: ${told}`]),
  ]
}

/** The log line of a change of state; null where the edits of the table say it already or nothing needs saying. */
import { unreachable } from '../../base/assert.js'
import type { LdirectordConfig } from '../config/model.js'
import * as lines from '../log-lines.js'
import { canonicalKey } from './desired.js'
import type { Change, Target } from './director-contract.js'
import { endpoint, type ServiceKey } from './table.js'

export function changeLine(config: LdirectordConfig, change: Change): string | null {
  if (change.kind === 'fallback' || change.kind === 'maintained') return null
  if (change.kind === 'panic') {
    const { panicthreshold, key } = config.virtuals[change.virtual]!
    return lines.panic(canonicalKey(key), change.active, change.up, change.of, panicthreshold)
  }
  const { real, key } = named(config, change.target)
  switch (change.kind) {
    case 'softFailure':
      return lines.softFailure(real, key, change.failures, change.limit)
    case 'softFailuresReset':
      return lines.softFailuresReset(real, key)
    case 'recovering':
      return lines.recovering(real, key, change.successes, change.limit)
    case 'held':
      return lines.held(real, key, Math.ceil(change.forMs / 1000))
    case 'drained':
      return lines.drained(real, key, change.drain.who, change.drain.reason)
    case 'undrained':
      return lines.undrained(real, key)
    case 'limited':
      return lines.limited(real, key, change.weight)
    case 'up':
    case 'down':
      return lines.realChanged(real, key, change.from, change.kind, change.because)
    default:
      return unreachable(change)
  }
}

function named(config: LdirectordConfig, target: Target): { real: string; key: ServiceKey } {
  const virtual = config.virtuals[target.virtual]!
  const real = virtual.reals[target.real]!
  return { real: endpoint(real.address, real.port), key: canonicalKey(virtual.key) }
}

/** The words of a monitorfile line: which check, and what came of it. */
import type { Outcome } from '../checks/check.js'
import type { RealServer, VirtualService } from '../config/model.js'
import { checkIdentity } from './check-identity.js'
import { probedPort } from './probe.js'
import { endpoint } from './table.js'

/** The check's identity with every run of colons as one blank and without backslashes, as the original writes it. */
export function monitorId(virtual: VirtualService, real: RealServer): string {
  return checkIdentity(virtual, real).replace(/:+/g, ' ').replaceAll('\\', '')
}

/**
 * What a server of the web answered, else a dash. Where no answer came the original writes what its library makes of
 * that, a status 500 with the reason; of refusals and missed deadlines in these words.
 */
export function monitorMessage(
  virtual: VirtualService,
  real: RealServer,
  outcome: Outcome | 'maintenance',
): string {
  if (outcome === 'maintenance') return 'Server in maintenance'
  return (outcome.answer ?? withoutAnswer(virtual, real, outcome)).replace(
    /[%|\r\n]/g,
    character => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function withoutAnswer(virtual: VirtualService, real: RealServer, { passed, code, detail }: Outcome): string {
  const isWeb = virtual.checktype === 'negotiate' && /^http(s|_proxy)?$/.test(virtual.service)
  if (passed || !isWeb) return '-'
  if (code === 'L4TOUT' || code === 'L7TOUT') return '500 Timeout Alarm'
  if (code !== 'L4CON') return `500 ${detail}`
  const place = endpoint(real.address, probedPort(virtual, real))
  return `500 Can't connect to ${place} (${detail.charAt(0).toUpperCase()}${detail.slice(1)})`
}

/** The words of a monitorfile line: which check, and what came of it. */
import type { Outcome } from '../checks/check.js'
import type { RealServer, VirtualService } from '../config/model.js'
import { checkIdentity } from './check-identity.js'

/** The check's identity with every run of colons as one blank and without backslashes, as the original writes it. */
export function monitorId(virtual: VirtualService, real: RealServer): string {
  return checkIdentity(virtual, real).replace(/:+/g, ' ').replaceAll('\\', '')
}

export function monitorMessage(outcome: Outcome | 'maintenance'): string {
  if (outcome === 'maintenance') return 'Server in maintenance'
  return (outcome.answer ?? '-').replace(
    /[%|\r\n]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** The words of a monitorfile line: which check, and what came of it. */
import type { Outcome } from '../checks/check.js'
import type { RealServer, VirtualService } from '../config/model.js'

/** The check's identity with every run of colons as one blank, as the original writes it. */
export function monitorId(virtual: VirtualService, real: RealServer): string {
  const address = real.address.includes(':') ? `[${real.address}]` : real.address
  return [
    virtual.checktype === 'combined' ? String(virtual.combinedConnects) : virtual.checktype,
    virtual.service,
    virtual.key.protocol,
    address,
    real.port,
    virtual.virtualhost ?? '',
    virtual.checkport ?? '',
    real.weight,
    real.method,
    real.request ?? virtual.request,
    real.receive ?? virtual.receive,
  ]
    .join(':')
    .replace(/:+/g, ' ')
    .replaceAll('\\', '')
}

export function monitorMessage(outcome: Outcome | 'maintenance'): string {
  if (outcome === 'maintenance') return 'Server in maintenance'
  return (outcome.answer ?? '-').replace(
    /[%|\r\n]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** Whether a value from the control socket has the shape of an edit; it may come from another version. */
import type { Edit, Service, ServiceKey } from '../../core/table.js'

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 200

function isKey(value: unknown): value is ServiceKey {
  if (!isRecord(value) || (value.family !== 4 && value.family !== 6)) return false
  if (value.protocol === 'fwm') return isNumber(value.mark, 0xffff_ffff)
  return (
    (value.protocol === 'tcp' || value.protocol === 'udp') &&
    isText(value.address) &&
    isNumber(value.port, 65_535)
  )
}

function isService(value: unknown): value is Service {
  if (!isRecord(value) || !isKey(value.key)) return false
  const { persistentSeconds, netmask } = value
  return (
    isText(value.scheduler) &&
    isText(value.schedulerFlags) &&
    typeof value.ops === 'boolean' &&
    (persistentSeconds === null || isNumber(persistentSeconds, 0x7fff_ffff)) &&
    (netmask === null || isText(netmask)) &&
    (value.forwardedFor === undefined || value.forwardedFor === true)
  )
}

function isDestination(value: unknown): boolean {
  return (
    isRecord(value) &&
    isText(value.address) &&
    isNumber(value.port, 65_535) &&
    isNumber(value.weight, 0x7fff_ffff) &&
    isNumber(value.upper, 0xffff_ffff) &&
    isNumber(value.lower, 0xffff_ffff) &&
    (value.proxyProtocol === undefined || value.proxyProtocol === 'v1' || value.proxyProtocol === 'v2') &&
    (value.method === 'gate' || value.method === 'masq' || value.method === 'ipip')
  )
}

export function isFullService(value: unknown): value is Service {
  return isService(value) && Array.isArray(value.destinations) && value.destinations.every(isDestination)
}

export function isEdit(value: unknown): value is Edit {
  if (!isRecord(value)) return false
  switch (value.kind) {
    case 'addService':
    case 'editService':
      return isService(value.service)
    case 'deleteService':
      return isKey(value.key)
    case 'addDestination':
    case 'editDestination':
    case 'deleteDestination':
      return isKey(value.key) && isDestination(value.destination)
    default:
      return false
  }
}

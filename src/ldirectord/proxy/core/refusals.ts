/** What the proxy cannot forward, though the kernel's table could: each with the sentence that its user gets. */
import type { Destination, Service } from '../../core/table.js'
import { isNetmask } from './netmask.js'
import { schedulerNames } from './scheduler.js'

export function refuseService(service: Service): string | null {
  const { key } = service
  if (key.protocol === 'fwm') {
    return `the proxy cannot see firewall marks: write a section for each address and port behind mark ${key.mark}, or use forwarder=ipvs or nft`
  }
  if (key.port === 0) return 'the proxy needs a port to listen on, not 0'
  if (!schedulerNames.includes(service.scheduler)) {
    return `the proxy has no scheduler ${service.scheduler}; it knows ${schedulerNames.join(', ')}`
  }
  if (service.netmask !== null && !isNetmask(key.family, service.netmask)) {
    return `${service.netmask} is no netmask for persistence`
  }
  return null
}

export function refuseDestination(settings: Destination): string | null {
  if (settings.port === 0) return 'the proxy needs the port of a real server, not 0'
  return null
}

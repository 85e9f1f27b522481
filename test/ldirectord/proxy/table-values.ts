/** Short ways to write services and destinations in tests. */
import type { Destination, Service, ServiceKey } from '../../../src/ldirectord/core/table.js'

export const tcp = (address: string, port: number): ServiceKey => ({
  protocol: 'tcp',
  family: address.includes(':') ? 6 : 4,
  address,
  port,
})

export const serviceOf = (key: ServiceKey, changes: Partial<Service> = {}): Service => ({
  key,
  scheduler: 'rr',
  persistentSeconds: null,
  netmask: null,
  schedulerFlags: '',
  ops: false,
  destinations: [],
  ...changes,
})

export const destinationOf = (
  address: string,
  port: number,
  changes: Partial<Destination> = {},
): Destination => ({
  address,
  port,
  method: 'masq',
  weight: 1,
  upper: 0,
  lower: 0,
  ...changes,
})

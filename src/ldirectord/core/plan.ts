/** What loading a file would change in the table, as sentences, in the order in which it would be done. */
import { unreachable } from '../../base/assert.js'
import type { LdirectordConfig } from '../config/model.js'
import { serviceText } from '../log-lines.js'
import { withoutTelling } from './client-telling.js'
import { canonicalKey, desiredTable, type IsUp } from './desired.js'
import { byServiceId, reconcile } from './reconcile.js'
import { type Destination, type Edit, endpoint, type Service, serviceId, type Table } from './table.js'

/**
 * @param serves the servers that would serve at once; the others wait for their first check
 * @param owned services that may be removed because they are ours
 * @param tellsClients as of the forwarder
 */
export function planLines(
  config: LdirectordConfig,
  current: Table,
  serves: IsUp,
  isDrained: IsUp,
  owned: ReadonlySet<string>,
  tellsClients = false,
): string[] {
  const services = byServiceId(current)
  const table = desiredTable(config, serves, isDrained)
  const desired = tellsClients ? table : withoutTelling(table)
  return reconcile(desired, current, owned).map(edit => planLine(edit, services))
}

/** The servers of the file that a check would have to pass before they get traffic. */
export function waitingLines(config: LdirectordConfig, serves: IsUp, isDrained: IsUp): string[] {
  return config.virtuals.flatMap((virtual, virtualIndex) =>
    virtual.reals.flatMap((real, realIndex) => {
      if (virtual.checktype === 'off' || serves(virtualIndex, realIndex)) return []
      if (isDrained(virtualIndex, realIndex)) return []
      const place = `${endpoint(real.address, real.port)} in ${serviceText(canonicalKey(virtual.key))}`
      return [`real server ${place} gets weight ${real.weight} when its check passes`]
    }),
  )
}

function planLine(edit: Edit, services: ReadonlyMap<string, Service>): string {
  const key = 'service' in edit ? edit.service.key : edit.key
  const name = serviceText(key)
  const old = services.get(serviceId(key))
  switch (edit.kind) {
    case 'addService':
      return `add virtual server ${name} (${settings(edit.service)})`
    case 'editService':
      return `change virtual server ${name} (${old === undefined ? '' : `${settings(old)} -> `}${settings(edit.service)})`
    case 'deleteService':
      return `delete virtual server ${name}`
    case 'addDestination':
      return `add ${place(edit.destination)} to ${name} (${entry(edit.destination)})`
    case 'editDestination': {
      const before = old?.destinations.find(candidate => place(candidate) === place(edit.destination))
      const from = before === undefined ? '' : `${entry(before)} -> `
      return `change ${place(edit.destination)} in ${name} (${from}${entry(edit.destination)})`
    }
    case 'deleteDestination':
      return `delete ${place(edit.destination)} from ${name}`
    default:
      return unreachable(edit)
  }
}

const place = ({ address, port }: Destination): string => endpoint(address, port)

function entry({ method, weight, upper, lower }: Destination): string {
  const thresholds = upper === 0 && lower === 0 ? '' : ` u:${upper} l:${lower}`
  return `${method} weight ${weight}${thresholds}`
}

function settings({ scheduler, schedulerFlags, persistentSeconds, netmask, ops }: Service): string {
  return [
    scheduler,
    ...(schedulerFlags === '' ? [] : [schedulerFlags]),
    ...(persistentSeconds === null ? [] : [`persistent ${persistentSeconds}`]),
    ...(netmask === null ? [] : [`mask ${netmask}`]),
    ...(ops ? ['ops'] : []),
  ].join(' ')
}

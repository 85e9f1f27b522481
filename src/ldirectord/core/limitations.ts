/** What a valid file asks for that this version does not do: said in the log at each load, never passed over. */
import type { LdirectordConfig, VirtualService } from '../config/model.js'
import { serviceText } from '../log-lines.js'
import { untold } from './client-telling.js'
import { desiredTable } from './desired.js'
import type { Service } from './table.js'

/** @param negotiable the services that have a negotiate check */
export function limitations(config: LdirectordConfig, negotiable: readonly string[]): string[] {
  const sentences: string[] = []
  for (const { key, checktype, service } of config.virtuals) {
    const negotiates = checktype === 'negotiate' || checktype === 'combined'
    if (negotiates && !negotiable.includes(service)) {
      sentences.push(
        `virtual ${serviceText(key)}: this version has no check for service=${service}, so its servers count as down; use checktype=connect`,
      )
    }
  }
  return [...sentences, ...sorryLimitations(config)]
}

/** What the forwarder does otherwise than the services ask. */
export function forwarderLimitations(
  config: LdirectordConfig,
  { name, tellsClients, concessions }: Limited,
): string[] {
  return desiredTable(config, () => true).services.flatMap(service => [
    ...(concessions?.(service) ?? []),
    ...(tellsClients ? [] : untold(service, name)),
  ])
}

/** Of a forwarder. */
interface Limited {
  readonly name: string
  readonly tellsClients?: boolean
  readonly concessions?: (service: Service) => readonly string[]
}

/** Who asks is told from others by address and port alone; and what a browser expects under TLS nobody here can say. */
function sorryLimitations(config: LdirectordConfig): string[] {
  const seen = new Map<string, VirtualService>()
  return config.virtuals.flatMap(virtual => {
    const { key, sorry } = virtual
    if (sorry === null || key.protocol === 'fwm') return []
    const sentences: string[] = []
    const place = `${key.address} ${sorry.port}`
    const first = seen.get(place)
    if (first === undefined) seen.set(place, virtual)
    else if (first.sorry!.page !== sorry.page || first.sorry!.retryAfter !== sorry.retryAfter) {
      const which = `the page of ${serviceText(first.key)}, which has the same address and sorryport`
      sentences.push(
        `virtual ${serviceText(key)}: fallback=sorry shows ${which}; give it a sorryport of its own`,
      )
    }
    if (virtual.service === 'https') {
      sentences.push(
        `virtual ${serviceText(key)}: fallback=sorry answers plain HTTP, so clients of https see an error`,
      )
    }
    return sentences
  })
}

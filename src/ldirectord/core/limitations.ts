/** What a valid file asks for that this version does not do: said in the log at each load, never passed over. */
import type { LdirectordConfig } from '../config/model.js'
import { serviceText } from '../log-lines.js'
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
  return sentences
}

/** @param concessions what the forwarder does otherwise than a service asks */
export function forwarderLimitations(
  config: LdirectordConfig,
  concessions: (service: Service) => readonly string[],
): string[] {
  return desiredTable(config, () => true).services.flatMap(concessions)
}

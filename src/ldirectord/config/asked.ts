/** What the directives of one section ask of its servers, before defaults of other sections come in. */
import { defaultService } from './build.js'
import type { ChecktypeValue } from './directives-check.js'
import type { LinkedSection } from './link-section.js'
import type { Entry } from './tree.js'

/** The one that counts of a directive that is given more than once. */
export function last(linked: LinkedSection, name: string): Entry | undefined {
  return linked.section.entries.findLast(entry => entry.name === name)
}

export function askedOf(linked: LinkedSection) {
  const checktype = (last(linked, 'checktype')?.value as ChecktypeValue | undefined)?.checktype ?? 'negotiate'
  const service = String(last(linked, 'service')?.value ?? defaultService(linked))
  return { checktype, service, negotiates: checktype === 'negotiate' || checktype === 'combined' }
}

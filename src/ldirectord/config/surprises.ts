/** Files that the original accepts although they cannot do what was meant: judged on a whole section or file. */
import type { LinkedSection } from './link-section.js'
import type { Source } from './source.js'
import type { Finding, Tree } from './tree.js'

export function fileSurprises(_tree: Tree, _sections: readonly LinkedSection[]): Finding[] {
  return []
}
export function sectionSurprises(_linked: LinkedSection, _source: Source): Finding[] {
  return []
}

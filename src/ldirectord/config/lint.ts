/** What ha-lint asks of this folder: all problems of a file, and the addresses that it serves, with their places. */
import type { Diagnostic, Span } from '../../syntax/diagnostic.js'
import { link } from './link.js'
import { lookUpHost } from './lookup.js'
import { parse } from './parse.js'
import type { Resolutions } from './resolutions.js'

export interface ServiceAddress {
  /** As the kernel's tools print it; IPv6 without brackets. */
  readonly address: string
  readonly span: Span
}

export interface LdirectordLint {
  readonly diagnostics: readonly Diagnostic[]
  /** Addresses of `virtual=` and `virtual6=`, as far as they are literal or resolved. Marks have none. */
  readonly serviceAddresses: readonly ServiceAddress[]
}

/** Without resolutions names are taken on trust: one that nobody was asked for is no problem. */
export function lintLdirectord(
  text: string,
  file: string,
  resolutions: Resolutions | null = null,
): LdirectordLint {
  const tree = parse(text, file)
  const { diagnostics, sections } = link(tree, resolutions)
  const serviceAddresses = sections.flatMap(({ section }) => {
    if (section.target?.kind !== 'address') return []
    const host = lookUpHost(section.target.host, section.family, resolutions)
    const span = tree.source.within(section.span, section.target.host)
    return host.state === 'known' ? [{ address: host.value, span }] : []
  })
  return { diagnostics, serviceAddresses }
}

/** The services of one ldirectord.cf as `--live` compares them with the machine, each with its places in the file. */
import { link } from '../../ldirectord/config/link.js'
import type { LinkedSection } from '../../ldirectord/config/link-section.js'
import { parse } from '../../ldirectord/config/parse.js'
import type { Diagnostic, Severity, Span } from '../../syntax/diagnostic.js'
import type { TextFile } from '../files.js'

export interface LiveReal {
  readonly address: string
  readonly method: 'gate' | 'masq' | 'ipip'
  readonly span: Span
}

export interface LiveService {
  readonly key: NonNullable<LinkedSection['key']>
  readonly span: Span
  readonly reals: readonly LiveReal[]
  readonly persistent: boolean
  readonly quiescent: boolean
  readonly scheduler: { readonly name: string; readonly span: Span }
}

export interface LiveFile {
  readonly path: string
  readonly services: readonly LiveService[]
  /** Sections that name hosts or ports by name, which are not looked up. */
  readonly unreadLines: readonly number[]
  readonly forwarder: 'auto' | 'ipvs' | 'nft' | 'proxy'
}

const DEFAULT_SCHEDULER = 'wrr'

export function readLive(file: TextFile): LiveFile {
  const tree = parse(file.text, file.path)
  const { sections } = link(tree, null)
  const globally = (name: string): unknown => tree.entries.findLast(entry => entry.name === name)?.value
  const quiescent = globally('quiescent') === true
  const services: LiveService[] = []
  const unreadLines: number[] = []
  for (const { section, key, lines } of sections) {
    if (section.target === null) continue
    if (key === null || lines.some(({ linked }) => !linked.complete)) unreadLines.push(section.span.line)
    if (key === null) continue
    const own = (name: string) => section.entries.findLast(entry => entry.name === name)
    const scheduler = own('scheduler')
    services.push({
      key,
      span: section.span,
      reals: lines.flatMap(({ entry, linked }) =>
        linked.servers.map(({ address, method }) => ({ address, method, span: entry.span })),
      ),
      persistent: own('persistent') !== undefined,
      quiescent: (own('quiescent')?.value ?? quiescent) === true,
      scheduler: {
        name: String(scheduler?.value ?? DEFAULT_SCHEDULER),
        span: (scheduler ?? section).span,
      },
    })
  }
  const forwarder = globally('forwarder')
  const known = (['ipvs', 'nft', 'proxy'] as const).find(name => name === forwarder)
  return { path: file.path, services, unreadLines, forwarder: known ?? 'auto' }
}

export type Say = (
  span: Span | null,
  severity: Severity,
  code: string,
  message: string,
  help?: string,
) => void

/** Each sentence once a file: many services may want the same. */
export function sayInto(found: Diagnostic[], file: TextFile): Say {
  const lines = file.text.split('\n')
  const said = new Set<string>()
  return (span, severity, code, message, help) => {
    if (said.has(message)) return
    said.add(message)
    found.push({
      file: file.path,
      span,
      severity,
      code,
      message,
      ...(span !== null && { source: lines[span.line - 1] ?? '' }),
      ...(help !== undefined && { help }),
    })
  }
}

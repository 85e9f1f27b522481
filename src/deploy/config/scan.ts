/**
 * Where things stand in an INI text. The package `ini` reads values but keeps no positions, joins sections of the same
 * name, keeps the last of two equal keys, and says nothing about either; this walk over the lines finds the places and
 * what the package would swallow. Both follow the same line grammar.
 */
import type { Span } from '../../syntax/diagnostic.js'

export interface ScannedKey {
  readonly section: string
  readonly key: string
  /** Written `key[]`. */
  readonly isList: boolean
  readonly keySpan: Span
  readonly valueSpan: Span
  /** As written behind the `=`, with comments and quotes; null without `=`. */
  readonly raw: string | null
  readonly source: string
  /** The value stops at a `;` or `#` that no blank precedes: it may have been meant as a part of the value. */
  readonly cut: boolean
}

/** Where each key stands, for what the lint has to say: `section.key`. */
export type Places = ReadonlyMap<string, ScannedKey>

export interface ScannedSection {
  readonly name: string
  readonly span: Span
  readonly source: string
}

export interface Scan {
  readonly sections: readonly ScannedSection[]
  readonly keys: readonly ScannedKey[]
  /** Lines that are neither. */
  readonly strays: readonly { readonly span: Span; readonly source: string }[]
}

const COMMENT_OR_BLANK = /^\s*(?:[;#].*)?$/
const SECTION = /^\s*\[([^\]]*)\]\s*(?:[;#].*)?$/

export function scan(text: string): Scan {
  const sections: ScannedSection[] = []
  const keys: ScannedKey[] = []
  const strays: { span: Span; source: string }[] = []
  let section = ''
  for (const [index, source] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    if (COMMENT_OR_BLANK.test(source)) continue
    const head = SECTION.exec(source)
    if (head !== null) {
      section = head[1]!.trim()
      const column = source.indexOf('[') + 1
      sections.push({
        name: section,
        source,
        span: { line, column, length: source.indexOf(']') - column + 2 },
      })
      continue
    }
    if (/^\s*\[/.test(source)) {
      const trimmed = source.trim()
      strays.push({ source, span: { line, column: source.indexOf('[') + 1, length: trimmed.length } })
      continue
    }
    keys.push(scanKey(section, source, line))
  }
  return { sections, keys, strays }
}

function scanKey(section: string, source: string, line: number): ScannedKey {
  const equals = source.indexOf('=')
  const before = equals < 0 ? source : source.slice(0, equals)
  const word = before.trim()
  const isList = word.endsWith('[]')
  const key = isList ? word.slice(0, -2).trimEnd() : word
  const column = before.length - before.trimStart().length + 1
  const raw = equals < 0 ? null : source.slice(equals + 1)
  const lead = raw === null ? 0 : raw.length - raw.trimStart().length
  const trimmed = raw?.trim() ?? ''
  const valueLength = valueEnd(trimmed)
  return {
    section,
    key,
    isList,
    raw,
    source,
    keySpan: { line, column, length: Math.max(1, word.length) },
    valueSpan: {
      line,
      column: equals < 0 ? column + word.length : equals + 2 + lead,
      length: Math.max(1, trimmed.slice(0, valueLength).trimEnd().length),
    },
    cut: valueLength > 0 && valueLength < trimmed.length && !/\s/.test(trimmed[valueLength - 1]!),
  }
}

/** Where the value ends: at the first `;` or `#` without a backslash before it, unless all of it is quoted. */
function valueEnd(trimmed: string): number {
  const quote = trimmed[0]
  if (trimmed.length > 1 && (quote === '"' || quote === "'") && trimmed.endsWith(quote)) return trimmed.length
  for (let index = 0; index < trimmed.length; index++) {
    const char = trimmed[index]
    if (char === '\\') index++
    else if (char === ';' || char === '#') return index
  }
  return trimmed.length
}

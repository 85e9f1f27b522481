/**
 * Phase one: the text alone. The file is line oriented: globals stand in column 1, a `virtual=` line opens a section of
 * lines with at least 4 blanks (a tab counts as 4), and the first line that is neither such a line nor a comment ends it,
 * also an empty one. Everything is read to the end, whatever is wrong on the way.
 */

import { withoutComment } from './comment.js'
import { contextProblem, doubleWarning } from './context.js'
import { globalDirectives } from './directives-global.js'
import { virtualDirectives } from './directives-virtual.js'
import type { Finding } from './finding.js'
import { isIpv6Literal } from './host-text.js'
import { type Misplaced, unknownLine } from './misplaced.js'
import { questionsOf } from './questions.js'
import { readTarget } from './section-head.js'
import { type Line, Source } from './source.js'
import { assess } from './statement.js'
import {
  type Entry,
  type FallbackEntry,
  PATH_USES,
  type PathEntry,
  type Place,
  type Section,
  type Step,
  type Tree,
} from './tree.js'

export function parse(text: string, file: string): Tree {
  const reader = new Reader(new Source(text, file))
  return reader.read()
}

const COMMENT = /^[ \t\r\f\v]*#/
const BLANK = /^[ \t\r\f\v]*$/
const STATEMENT = /^(\w+)[ \t\r\f\v]*=[ \t\r\f\v]*(.*)$/s

class Reader {
  readonly #source: Source
  readonly #entries: Entry[] = []
  readonly #steps: Step[] = []
  #open: Section | null = null
  /** The last section and the line that ended it, to tell why a line stands outside. */
  #ended: Misplaced['ended'] = null

  constructor(source: Source) {
    this.#source = source
  }

  read(): Tree {
    for (const line of this.#source.lines) {
      if (COMMENT.test(line.raw)) continue
      if (this.#open !== null && this.#sectionLine(line, this.#open)) continue
      this.#globalLine(line)
    }
    if (this.#open !== null) this.#open.endLine = this.#source.lines.length
    return {
      source: this.#source,
      entries: this.#entries,
      steps: this.#steps,
      questions: questionsOf(this.#steps),
    }
  }

  /** False when the line ends the section and must be read as a global one. */
  #sectionLine(line: Line, section: Section): boolean {
    const cut = line.raw.replace(/#.*$/s, '')
    const [, content] = /^ {4,}(.+)$/s.exec(cut.replaceAll('\t', '    ')) ?? []
    if (content === undefined) {
      section.endLine = line.number
      this.#ended = { section, line: line.number, blank: BLANK.test(line.raw) }
      this.#open = null
      return false
    }
    this.#directive(line, content, section)
    return true
  }

  #globalLine(line: Line): void {
    if (BLANK.test(line.raw)) return
    const [, name, text = ''] = STATEMENT.exec(line.raw) ?? []
    if (name === 'virtual' || name === 'virtual6') this.#head(line, name, text)
    else if (/^supervised/.test(line.raw) && name !== 'supervised') this.#bareSupervised(line)
    else if (name !== undefined && Object.hasOwn(globalDirectives, name)) {
      this.#statement({ kind: 'global', line, name, text })
    } else this.#unknown(line)
  }

  #unknown(line: Line): void {
    const misplaced = unknownLine({
      source: this.#source,
      line,
      place: 'global',
      ended: this.#ended,
    })
    this.#find(misplaced.finding)
    if (misplaced.reopen && this.#ended !== null) {
      // A section of its own, so that what is found from here on comes after the error.
      this.#ended.section.interrupted = true
      this.#open = { ...this.#ended.section, target: null, entries: [], steps: [] }
      this.#steps.push({ kind: 'section', section: this.#open })
      const [, name = '', text = ''] = STATEMENT.exec(line.raw.trimStart()) ?? []
      this.#statement({ kind: 'section', line, name, text, section: this.#open })
    }
  }

  #head(line: Line, name: 'virtual' | 'virtual6', value: string): void {
    const family = name === 'virtual' ? 4 : 6
    const meant = withoutComment(value)
    const span = { ...this.#valueSpan(line, value), length: Math.max(1, meant.length) }
    const target = readTarget(value, family)
    let refused = 'refused' in target ? target.refused : null
    if (!('refused' in target) && target.kind === 'address' && target.host.startsWith('[')) {
      if (!isIpv6Literal(target.host)) refused = 'invalid ipv6 address for virtual server'
    }
    if (refused !== null) {
      const help =
        refused.includes('virtual6') || family === 6
          ? 'write virtual6=[ADDRESS]:PORT, or virtual6=MARK for a firewall mark'
          : 'write virtual=ADDRESS:PORT, or virtual=MARK for a firewall mark'
      this.#find(
        this.#source.finding({
          span,
          severity: 'error',
          code: 'virtual-address',
          message: `${name} wants an address with a port, or a firewall mark; found "${meant}"`,
          help,
          original: refused,
        }),
      )
    }
    this.#open = {
      family,
      text: meant,
      span,
      target: refused === null && !('refused' in target) ? target : null,
      entries: [],
      steps: [],
      endLine: line.number,
      interrupted: false,
    }
    this.#steps.push({ kind: 'section', section: this.#open })
  }

  /** `supervised` without a value counts as yes. */
  #bareSupervised(line: Line): void {
    const span = { line: line.number, column: 1, length: line.raw.trimEnd().length }
    const fix = { description: 'write supervised=yes', edits: [{ ...span, text: 'supervised=yes' }] }
    const alone = BLANK.test(line.raw.slice('supervised'.length))
    if (alone) this.#entries.push({ name: 'supervised', value: true, text: '', span })
    this.#find(
      this.#source.finding({
        span,
        severity: alone ? 'warning' : 'error',
        code: alone ? 'bare-supervised' : 'wrong-value',
        message: alone
          ? 'supervised wants =yes; found it alone, which still counts as yes'
          : `supervised wants =yes or =no; found "${line.raw.trim()}"`,
        help: 'write supervised=yes',
        ...(alone ? { fix } : {}),
        original: alone
          ? 'please update your config not to use a bare supervised directive'
          : "supervised must be 'yes' or 'no'",
      }),
    )
  }

  #directive(line: Line, content: string, section: Section): void {
    const [, name, text = ''] = STATEMENT.exec(content) ?? []
    if (name !== undefined && Object.hasOwn(virtualDirectives, name)) {
      this.#statement({ kind: 'section', line, name, text, section })
    } else {
      this.#find(unknownLine({ source: this.#source, line, place: 'section', ended: null }).finding)
    }
  }

  /** A line `name=text` whose name is known where it stands. */
  #statement(place: Omit<Place, 'span' | 'source'>): void {
    const full: Place = { ...place, span: this.#valueSpan(place.line, place.text), source: this.#source }
    const entries = full.section?.entries ?? this.#entries
    const outcome = assess(full)
    const refused = 'refused' in outcome ? outcome.refused : contextProblem(full, outcome.value)
    if ('refused' in outcome || refused !== null) {
      if (refused !== null) this.#find(refused)
      return
    }
    const entry: Entry = { name: full.name, value: outcome.value, text: full.text, span: full.span }
    const earlier = entries.find(other => other.name === entry.name)
    entries.push(entry)
    this.#ask(entry, full.section ?? null)
    for (const warning of outcome.warnings) this.#find(warning)
    const twice = earlier === undefined ? null : doubleWarning(full, earlier)
    if (twice !== null) this.#find(twice)
  }

  /** Questions that the original asks at the line itself: files always, names of a global fallback. */
  #ask(entry: Entry, section: Section | null): void {
    const steps = section?.steps ?? this.#steps
    if (Object.hasOwn(PATH_USES, entry.name)) {
      steps.push({ kind: 'path', entry: entry as PathEntry })
    }
    if (section === null && (entry.name === 'fallback' || entry.name === 'fallback6')) {
      steps.push({ kind: 'fallback', entry: entry as FallbackEntry })
    }
  }

  #find(finding: Finding): void {
    const steps = this.#open?.steps ?? this.#steps
    steps.push({ kind: 'finding', finding })
  }

  /** The value in the line as written: behind the first `=`, without the blanks around it. */
  #valueSpan(line: Line, text: string): { line: number; column: number; length: number } {
    const before = /^[^=]*=[ \t\r\f\v]*/.exec(line.raw)?.[0].length ?? 0
    const behind = line.raw.slice(before)
    const inSection = this.#open !== null && /^[ \t]/.test(line.raw)
    const written = (inSection ? behind.replace(/#.*$/s, '') : behind).trimEnd()
    return { line: line.number, column: before + 1, length: written.length || Math.min(1, text.length) }
  }
}

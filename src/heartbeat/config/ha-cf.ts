/**
 * Reads ha.cf: text in, value and diagnostics out. The whole file is read whatever is wrong in it. What heartbeat
 * 3.0.6 refuses is an error with its message, what it accepts although it cannot be meant is a warning; both were
 * measured (test/heartbeat/config/corpus).
 */
import type { Diagnostic } from '../../syntax/diagnostic.js'
import type { Directive, Refusal } from '../../syntax/directive.js'
import { nearest } from '../../syntax/nearest.js'
import { isRefusal } from './arg-forms.js'
import { checkHaCf } from './ha-cf-checks.js'
import { type HaCf, haCfDirectives, type DirectiveName as Name } from './ha-cf-table.js'
import { HaCfValues } from './ha-cf-values.js'
import { LINE_BYTES_MAX, type Line, linesOf, type Place, placeOf, type Word, wordsOf } from './lines.js'
import { Report } from './report.js'

export interface HaCfOptions {
  /** How the file is called in diagnostics. */
  readonly file: string
  /** Our node name; null: unknown, so that its absence among the nodes is no error. */
  readonly us: string | null
}

export interface HaCfReading {
  readonly value: HaCf
  readonly diagnostics: readonly Diagnostic[]
  /** What heartbeat exits with for this file: 0 or 6. */
  readonly exitStatus: 0 | 6
}

export function parseHaCf(text: string, options: HaCfOptions): HaCfReading {
  const report = new Report(options.file)
  const reader = new HaCfReader(report, options.file)
  for (const line of linesOf(text)) reader.readLine(line)
  const value = reader.values.value()
  checkHaCf(value, options.us, reader.refused, report)
  return { value, diagnostics: report.diagnostics(), exitStatus: report.exitStatus() }
}

const isName = (word: string): word is Name => Object.hasOwn(haCfDirectives, word)

const KNOWN_NAMES = Object.entries<Directive<unknown>>(haCfDirectives)
  .filter(([, row]) => row.support !== 'refused')
  .map(([name]) => name)

class HaCfReader {
  /** Directives with a value that was refused: what follows from them is not judged. */
  readonly refused = new Set<string>()
  readonly #report: Report
  readonly #file: string
  readonly values: HaCfValues

  constructor(report: Report, file: string) {
    this.#report = report
    this.#file = file
    this.values = new HaCfValues(report, file)
  }

  readLine(line: Line): void {
    if (line.source.length > LINE_BYTES_MAX) this.#tooLong(line)
    else if (line.text !== '') this.#readDirective(line)
  }

  #tooLong(line: Line): void {
    this.#report.error(placeOf(line, LINE_BYTES_MAX, 1), {
      code: 'line-too-long',
      message: `a line wants at most ${LINE_BYTES_MAX} bytes; found ${line.source.length}`,
      help: 'split it into several lines',
    })
  }

  #readDirective(line: Line): void {
    const word = /^\S+/.exec(line.text)![0]
    const place = placeOf(line, line.offset, word.length)
    if (!isName(word)) {
      this.#unknown(word, place)
      return
    }
    const row: Directive<unknown> = haCfDirectives[word]
    if (row.support === 'refused') {
      this.#refused(word, row, place)
      return
    }
    if (word === 'udp') this.#oldName(place)
    if (row.takes === 'line') {
      const rest = line.text.slice(word.length)
      const start = word.length + rest.length - rest.trimStart().length
      const value = line.text.slice(start)
      const at = value === '' ? place : placeOf(line, line.offset + start, value.length)
      this.#hand(word, row, { text: value, ...at })
    } else {
      this.#readValues(word, row, wordsOf(line, word.length), place)
    }
  }

  #readValues(name: Name, row: Directive<unknown>, words: readonly Word[], place: Place): void {
    if (words.length === 0) {
      const message = `${name} wants ${row.arg.form}; found nothing, so the line does nothing`
      this.#report.warning(place, {
        code: 'no-value',
        message,
        help: `give it a value, or remove the line`,
      })
      return
    }
    if (row.repeat !== 'accumulates') this.#checkRepeat(name, row, place, words)
    for (const word of words) this.#hand(name, row, word)
  }

  #unknown(word: string, place: Place): void {
    const meant = this.#report.isFull ? null : nearest(word, KNOWN_NAMES)
    const cased = meant !== null && meant.toLowerCase() === word.toLowerCase()
    const reason = cased ? 'directive names are case-sensitive: ' : ''
    this.#report.error(place, {
      code: 'unknown-directive',
      message: `unknown directive "${word}"${meant === null ? '' : `; did you mean "${meant}"?`}`,
      original: `Illegal directive [${word.slice(0, 90)}] in ${this.#file}`,
      help: meant === null ? 'remove the line, or put "#" before it' : `${reason}write "${meant}"`,
      ...(cased ? { fix: replacement(place, meant, `write "${meant}"`) } : {}),
    })
  }

  #refused(name: Name, row: Directive<unknown>, place: Place): void {
    this.#report.error(place, {
      code: 'refused-directive',
      message: `${name} (${row.summary}) is not supported`,
      ...(name === 'crm_daemon_dir' ? {} : { original: `Illegal directive [${name}] in ${this.#file}` }),
      help: 'remove the line; ucast, bcast and mcast carry heartbeats over any network device',
    })
  }

  #oldName(place: Place): void {
    this.#report.warning(place, {
      code: 'old-directive',
      message: 'udp is the old name of bcast',
      original: "WARNING: directive 'udp' replaced by 'bcast'",
      help: 'write "bcast"',
      fix: replacement(place, 'bcast', 'write "bcast"'),
    })
  }

  #checkRepeat(name: Name, row: Directive<unknown>, place: Place, words: readonly Word[]): void {
    const first =
      this.values.places.get(name) ?? (name === 'crm' ? this.values.places.get('pacemaker') : undefined)
    const before = name === 'pacemaker' ? (first ?? this.values.places.get('crm')) : first
    if (before !== undefined && row.repeat === 'once') {
      this.#report.error(place, {
        code: 'given-twice',
        message: `${name} is given twice (first at ${this.#file}:${before.span.line})`,
        ...(row.originalTwice === undefined ? {} : { original: row.originalTwice }),
        help: 'keep one of the two lines',
      })
    } else if (before !== undefined) {
      this.#report.warning(place, {
        code: 'given-twice',
        message: `${name} is given twice (first at ${this.#file}:${before.span.line}); the last one counts`,
        help: 'keep one of the two lines',
      })
    }
    if (words.length > 1) {
      this.#report.warning(words[1]!, {
        code: 'several-values',
        message: `${name} wants one value; found ${words.length}, of which the last one counts`,
        help: `write "${name} ${words.at(-1)!.text}"`,
      })
    }
  }

  #hand(name: Name, row: Directive<unknown>, word: Word): void {
    this.values.places.set(name, word)
    const outcome = row.arg.parse(word.text)
    if (isRefusal(outcome)) {
      this.#refuse(name, row, word, outcome)
      return
    }
    if (outcome.doubt !== undefined) {
      const message = `${name}: "${word.text}" ${outcome.doubt}`
      this.#report.warning(word, { code: 'doubtful-value', message, help: `${name} wants ${row.arg.form}` })
    }
    this.values.keep(name, outcome.value, word)
  }

  #refuse(name: Name, row: Directive<unknown>, word: Word, refusal: Refusal): void {
    this.refused.add(name)
    const found = refusal.found ?? (word.text === '' ? 'nothing' : `"${word.text}"`)
    const original = refusal.original ?? row.original?.(word.text)
    this.#report.error(within(word, refusal.at), {
      code: 'bad-value',
      message: `${name} wants ${refusal.wanted}; found ${found}`,
      ...(original === undefined ? {} : { original }),
      ...(refusal.help === undefined ? {} : { help: refusal.help }),
    })
  }
}

function within(word: Word, at: Refusal['at']): Place {
  if (at === undefined) return word
  const span = { line: word.span.line, column: word.span.column + at.offset, length: Math.max(1, at.length) }
  return { span, source: word.source }
}

function replacement(place: Place, text: string, description: string) {
  return { description, edits: [{ ...place.span, text }] }
}

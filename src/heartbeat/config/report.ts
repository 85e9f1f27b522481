/** Collects the diagnostics of one file: the parsers say what is wrong and where, and read on. */
import { type Diagnostic, inFileOrder, type Severity } from '../../syntax/diagnostic.js'
import type { Place } from './lines.js'

/** Exit status of heartbeat for any configuration error. */
export const CONFIGURATION_ERROR = 6

/** Who is shown more reads none; the rest is counted. */
export const DIAGNOSTICS_MAX = 500

/** Everything about a diagnostic but its file, severity and place. */
export type Remark = Omit<Diagnostic, 'file' | 'severity' | 'span' | 'source'>

export class Report {
  readonly #file: string
  readonly #hidesSource: boolean
  readonly #diagnostics: Diagnostic[] = []
  #dropped = 0
  #refused = false

  /** `hidesSource`: the file holds secrets, so no line of it may be shown. */
  constructor(file: string, hidesSource = false) {
    this.#file = file
    this.#hidesSource = hidesSource
  }

  error(place: Place | null, remark: Remark): void {
    this.#add('error', place, remark)
  }

  warning(place: Place | null, remark: Remark): void {
    this.#add('warning', place, remark)
  }

  info(place: Place | null, remark: Remark): void {
    this.#add('info', place, remark)
  }

  /** Nothing more will be shown, so that nothing more need be worked out. */
  get isFull(): boolean {
    return this.#diagnostics.length >= DIAGNOSTICS_MAX
  }

  diagnostics(): Diagnostic[] {
    const ordered = inFileOrder(this.#diagnostics)
    if (this.#dropped === 0) return ordered
    const message = `${this.#dropped} more problems are not shown`
    const severity = this.#refused ? 'error' : 'warning'
    return [...ordered, { file: this.#file, span: null, severity, code: 'more', message }]
  }

  /** 0, or the original's exit status for a configuration error. */
  exitStatus(): 0 | typeof CONFIGURATION_ERROR {
    return this.#refused ? CONFIGURATION_ERROR : 0
  }

  #add(severity: Severity, place: Place | null, remark: Remark): void {
    if (severity === 'error') this.#refused = true
    if (this.isFull) {
      this.#dropped++
      return
    }
    const shown = place === null || this.#hidesSource ? {} : { source: place.source }
    this.#diagnostics.push({ file: this.#file, severity, span: place?.span ?? null, ...shown, ...remark })
  }
}

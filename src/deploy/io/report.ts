/** What a run says while it goes on: one record an event, printed as a line or as JSON. */

export interface Report {
  readonly run: string
  readonly host: string | null
  readonly virtual: string | null
  readonly step: string
  readonly status: 'begin' | 'progress' | 'ok' | 'failed' | 'warning'
  readonly detail: string
}

export type Say = (report: Omit<Report, 'run'>) => void

export interface Terminal {
  readonly out: (text: string) => void
  readonly isTerminal: boolean
  readonly json: boolean
  readonly verbose: boolean
}

const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')

/** One line an event; on a terminal the progress of each host rewrites its line. */
export class Reporter {
  readonly #terminal: Terminal
  readonly #run: string
  readonly #shown = new Map<string, string>()
  #drawn = 0

  constructor(terminal: Terminal, run: string) {
    this.#terminal = terminal
    this.#run = run
  }

  readonly say: Say = report => {
    const { out, json, isTerminal, verbose } = this.#terminal
    const now = new Date()
    if (json) {
      out(`${JSON.stringify({ t: now.toISOString(), run: this.#run, ...report })}\n`)
      return
    }
    const time = now.toTimeString().slice(0, 8)
    const words = [
      report.host,
      report.step,
      report.virtual,
      report.status === 'progress' ? null : report.status,
      report.detail,
    ]
    const line = printable(`${time} ${words.filter(word => word !== null && word !== '').join(' ')}`)
    if (isTerminal && report.host !== null) this.#rewrite(report, line)
    else if (report.status !== 'begin' || verbose) out(`${line}\n`)
  }

  /** The hosts under way stay at the bottom, a line each; what failed is written above them for good. */
  #rewrite(report: Omit<Report, 'run'>, line: string): void {
    const { out } = this.#terminal
    const isLasting = report.status === 'failed' || report.status === 'warning'
    out(this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[J` : '')
    if (isLasting) out(`${line}\n`)
    this.#shown.set(report.host!, line)
    for (const shown of this.#shown.values()) out(`${shown.slice(0, (process.stdout.columns ?? 80) - 1)}\n`)
    this.#drawn = this.#shown.size
  }
}

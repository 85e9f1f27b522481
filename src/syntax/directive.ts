/**
 * A directive is a row in a table. Parser, linter, reference page and `--help` read the same row, so they cannot
 * disagree. A row says what the file may hold; acting on it is other code's work.
 */

/** One argument form: what it is called in the reference page and how one text becomes one value. */
export interface ArgForm<T> {
  /** Such as `time`, `on|off`, `DEV ADDR`. */
  readonly form: string
  /** The value, or what was wanted, worded to follow "NAME wants ". */
  parse(text: string): { readonly value: T } | { readonly wanted: string }
}

/** When the directive shows effect. `refused`: recognised, so that the refusal can say why and what to do. */
export type Support = 'acts' | 'later' | 'accepted' | 'refused'

export interface Directive<T> {
  readonly arg: ArgForm<T>
  /** null: unset. */
  readonly default: T | null
  /** How the default reads in the reference page where the value alone would mislead, such as `deadtime / 2`. */
  readonly defaultText?: string
  /** What happens when it is given again. */
  readonly repeat: 'last-wins' | 'accumulates' | 'once'
  /** Range in words, such as `> 2 x keepalive`. */
  readonly range?: string
  readonly summary: string
  /** The original's own message when the value is refused; absent where it gives none. */
  readonly original?: (value: string) => string
  readonly support: Support
  /** Directives that the original does not know. */
  readonly ours?: true
}

export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>

/** Types a row: `keepalive: directive({ arg: time, default: 1000, ... })`. */
export function directive<T>(row: Directive<T>): Directive<T> {
  return row
}

const SUPPORT_TEXT: Record<Support, string> = {
  acts: 'yes',
  later: 'read and checked, not acted upon yet',
  accepted: 'accepted without effect',
  refused: 'refused',
}

/** The table as a Markdown reference table, one row a directive. */
export function referencePage(table: DirectiveTable): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const rows = Object.entries(table).map(([name, row]) => {
    const shown = row.defaultText ?? (row.default === null ? 'none' : String(row.default))
    const summary = `${row.summary}${row.ours ? ' (Systole only)' : ''}`
    const cells = [
      `\`${name}\``,
      row.arg.form,
      shown,
      row.range ?? '',
      row.repeat,
      summary,
      SUPPORT_TEXT[row.support],
    ]
    return `| ${cells.map(cell).join(' | ')} |`
  })
  const head = ['directive', 'argument', 'default', 'range', 'given again', 'meaning', 'supported']
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows, ''].join('\n')
}

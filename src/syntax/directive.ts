/**
 * A directive is a row in a table. Parser, linter, reference page and `--help` read the same row, so they cannot
 * disagree. A row says what the file may hold; acting on it is other code's work.
 */

/** A text that became a value. */
export interface Reading<T> {
  readonly value: T
  /** The text cannot have been meant so although it is accepted: how it is read, as a clause such as "is read as 0". */
  readonly doubt?: string
}

/** A text that is no value. */
export interface Refusal {
  /** What was wanted, worded to follow "NAME wants ". */
  readonly wanted: string
  /** What was found, where quoting the text would not say it. */
  readonly found?: string
  /** The original's own message, where it depends on what is wrong. */
  readonly original?: string
  /** The part of the text that is wrong; absent: all of it. */
  readonly at?: { readonly offset: number; readonly length: number }
  /** What to write instead. */
  readonly help?: string
}

/** One argument form: what it is called in the reference page and how one text becomes one value. */
export interface ArgForm<T> {
  /** Such as `time`, `on|off`, `DEV ADDR`. */
  readonly form: string
  /** The value, or what was wanted. */
  parse(text: string): Reading<T> | Refusal
}

/** When the directive shows effect. `refused`: recognised, so that the refusal can say why and what to do. */
export type Support = 'acts' | 'later' | 'accepted' | 'refused'

export interface Directive<T> {
  readonly arg: ArgForm<T>
  /** `each` (the default): every blank-separated value is handed in by itself; `line`: the rest of the line is one value. */
  readonly takes?: 'each' | 'line'
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
  /** The original's own message when a directive of `repeat: 'once'` is given again. */
  readonly originalTwice?: string
  readonly support: Support
  /** Directives that the original does not know. */
  readonly ours?: true
}

export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>

/** A row that still knows whether its default is null, so that a type can be derived from the table. */
export type Row<T, D extends T | null> = Directive<T> & { readonly default: D }

/** Types a row: `keepalive: directive({ arg: time, default: 1000, ... })`. */
export function directive<T, const D extends T | null = T | null>(
  row: Directive<T> & { readonly default: D },
): Row<T, D> {
  return row
}

/** What a table of rows that each hold one value says: null only where the default is null. */
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Row<infer T, infer D>
    ? T | (D extends null ? null : never)
    : never
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

/**
 * A problem in a text file, as data. Parsers make these values; `render` is the only place that words a report.
 * What the original programs refuse is an error, what they accept although it cannot be meant is a warning.
 */

/** A place in a file: 1-based line and column (in characters), length in characters. */
export interface Span {
  readonly line: number
  readonly column: number
  readonly length: number
}

export type Severity = 'error' | 'warning' | 'info'

/** One replacement of text within one line; an insertion has length 0. */
export interface TextEdit extends Span {
  readonly text: string
}

/** A change that can be made without asking what the administrator meant. */
export interface Fix {
  readonly description: string
  readonly edits: readonly TextEdit[]
}

export interface Diagnostic {
  readonly file: string
  /** null: the file as a whole. */
  readonly span: Span | null
  readonly severity: Severity
  /** Stable short name, kebab-case, such as `unknown-directive`. */
  readonly code: string
  /** One sentence: what was wanted, then what was found. */
  readonly message: string
  /** The text of the line, for the caret. */
  readonly source?: string
  /** What to write instead. */
  readonly help?: string
  /** The message that the original program gives for the same fault, where it gives one. */
  readonly original?: string
  readonly fix?: Fix
}

const caretOf = (diagnostic: Diagnostic): string[] => {
  const { span, source } = diagnostic
  if (span === null || source === undefined) return []
  // Tabs are kept in the indent, so that the caret stands under the same column in every terminal.
  const indent = source.slice(0, span.column - 1).replace(/[^\t]/g, ' ')
  const marked = Math.max(1, Math.min(span.length, source.length - span.column + 1))
  return [`    ${source}`, `    ${indent}^${'~'.repeat(marked - 1)}`]
}

/** `file:line:column: severity: message [code]`, the line, a caret, and help lines; no newline at the end. */
export function render(diagnostic: Diagnostic): string {
  const { file, span, severity, message, code, help } = diagnostic
  const place = span === null ? file : `${file}:${span.line}:${span.column}`
  return [
    `${place}: ${severity}: ${message} [${code}]`,
    ...caretOf(diagnostic),
    ...(help ? [`    help: ${help}`] : []),
  ].join('\n')
}

/** In the order of the file; problems of the whole file come first. */
export function inFileOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) => (a.span?.line ?? 0) - (b.span?.line ?? 0) || (a.span?.column ?? 0) - (b.span?.column ?? 0),
  )
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === 'error')
}

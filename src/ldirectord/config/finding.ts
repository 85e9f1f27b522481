/** What reading finds to say about a line of the file, in our words and in the original's. */
import type { Diagnostic } from '../../syntax/diagnostic.js'

/** What the original prints: `Error [PID] reading file FILE at line N: TEXT`; no line: `Error [PID]: TEXT`. */
export interface OriginalMessage {
  readonly severity: 'Error' | 'Warning'
  readonly line: number | null
  readonly text: string
}

export interface Finding {
  readonly diagnostic: Diagnostic
  /** null: the original says nothing. */
  readonly original: OriginalMessage | null
}

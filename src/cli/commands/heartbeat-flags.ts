/** The options of the heartbeat command, read as getopt reads them: single letters, which may stand together. */
import { parseOptions } from './getopt.js'

const KNOWN = 'dDfklMrRsvVWC:'

export interface Flags {
  readonly letters: ReadonlySet<string>
  /** How often a letter was given. */
  readonly count: (letter: string) => number
  /** The value of -C. */
  readonly held: string | null
  /** What is no option. */
  readonly words: readonly string[]
  /** As getopt words them, without the name of the program. */
  readonly faults: readonly string[]
}

export function parseFlags(argv: readonly string[]): Flags {
  const { words, options, given, faults } = parseOptions(argv, KNOWN)
  return {
    letters: new Set(given),
    count: letter => given.filter(other => other === letter).length,
    held: options.get('C') ?? null,
    words,
    faults,
  }
}

/** The options of the heartbeat command, read as getopt reads them: single letters, which may stand together. */

const KNOWN = 'dDfklMrRsvVWC'

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
  const counts = new Map<string, number>()
  const faults: string[] = []
  const words: string[] = []
  let held: string | null = null
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (arg === '--') {
      words.push(...argv.slice(i + 1))
      break
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg)
      continue
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]!
      if (!KNOWN.includes(letter)) {
        faults.push(`invalid option -- '${letter}'`)
        continue
      }
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
      if (letter !== 'C') continue
      const value = arg.slice(at + 1) || argv[++i]
      if (value === undefined) faults.push("option requires an argument -- 'C'")
      else held = value
      break
    }
  }
  return { letters: new Set(counts.keys()), count: letter => counts.get(letter) ?? 0, held, words, faults }
}

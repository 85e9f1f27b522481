/** Options as getopt reads them: single letters that may stand together and anywhere; `--` ends them. */

export interface ParsedOptions {
  readonly words: readonly string[]
  /** The last value of each letter, '' where it takes none. */
  readonly options: ReadonlyMap<string, string>
  /** The letters that are known, as often as they were given. */
  readonly given: readonly string[]
  /** As getopt words it, without the name of the program. */
  readonly faults: readonly string[]
}

/** `known` as getopt wants it: a colon follows an option that takes a value. */
export function parseOptions(args: readonly string[], known: string): ParsedOptions {
  const words: string[] = []
  const options = new Map<string, string>()
  const given: string[] = []
  const faults: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      words.push(...args.slice(i + 1))
      break
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg)
      continue
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]!
      const place = known.indexOf(letter)
      if (letter === ':' || place === -1) {
        faults.push(`invalid option -- '${letter}'`)
        continue
      }
      given.push(letter)
      if (known[place + 1] !== ':') {
        options.set(letter, '')
        continue
      }
      const value = arg.slice(at + 1) || args[++i]
      if (value === undefined) faults.push(`option requires an argument -- '${letter}'`)
      else options.set(letter, value)
      break
    }
  }
  return { words, options, given, faults }
}

/** The command line of a bench that has parts: which to run, all where none is named, and a number that says how much. */

export interface Asked<Name extends string> {
  readonly names: readonly Name[]
  readonly times: number
}

/** A word that is neither ends the process with a sentence. */
export function askedParts<Name extends string>(
  bench: string,
  parts: Readonly<Record<Name, unknown>>,
  usualTimes: number,
): Asked<Name> {
  const all = Object.keys(parts) as Name[]
  const isPart = (word: string): word is Name => word in parts
  const words = process.argv.slice(2)
  const bad = words.find(word => !isPart(word) && !(Number(word) >= 1))
  if (bad !== undefined) {
    process.stderr.write(`${bench}: no part called ${bad}; there are: ${all.join(', ')}\n`)
    process.exit(2)
  }
  const named = words.filter(isPart)
  return {
    names: named.length > 0 ? named : all,
    times: words.map(Number).find(number => number >= 1) ?? usualTimes,
  }
}

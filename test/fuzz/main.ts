/** The command `npm run fuzz [COUNT [SEED]]`: a million inputs by default, with what they cost and how far they got. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from './fuzz.js'

/** What 500 kept messages of 64 KiB amount to: the history of the sender. */
export const HEAP_GROWTH_BYTES_MAX = 33_554_432

export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

export function main(args: readonly string[]): number {
  const count = Number(args[0] ?? 1_000_000)
  const seed = Number(args[1] ?? 1)
  if (args.length > 2 || !Number.isInteger(count) || !Number.isInteger(seed) || count < 1 || seed < 0) {
    console.error(`fuzz wants [COUNT [SEED]], whole numbers; found "${args.join(' ')}"`)
    return 2
  }
  try {
    const startedMs = performance.now()
    const { tally, lines, linesAllowed, heapGrowthBytes } = fuzz(count, seed, garbageCollector(), console.log)
    for (const [kind, times] of [...tally.counts].sort(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${times}\t${kind}`)
    const { maxRSS } = process.resourceUsage()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(
      `${count} inputs from seed ${seed} in ${seconds} s; resident at most ${Math.round(maxRSS / 1024)} MiB`,
    )
    console.log(`the node that heard them all: ${lines} lines of log, heap grown by ${heapGrowthBytes} bytes`)
    if (heapGrowthBytes <= HEAP_GROWTH_BYTES_MAX && lines <= linesAllowed) return 0
    console.error(`wanted at most ${HEAP_GROWTH_BYTES_MAX} bytes and ${Math.round(linesAllowed)} lines`)
    return 1
  } catch (cause) {
    console.error(cause instanceof Error ? cause.stack : cause)
    return 1
  }
}

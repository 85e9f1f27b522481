/** `node dist/test/sim/swarm.js [COUNT] [FIRST]`: runs many seeds, prints the first that fails, with its options. */
import { profileOf, Simulation } from './simulation.js'

export function swarm(first: number, count: number): void {
  for (let seed = first; seed < first + count; seed++) new Simulation(profileOf(seed)).run()
}

export function main(args: readonly string[]): number {
  const count = Number(args[0] ?? 2000)
  const first = Number(args[1] ?? 1)
  try {
    for (let done = 0; done < count; done += 100) {
      swarm(first + done, Math.min(100, count - done))
      console.log(`${Math.min(done + 100, count)} of ${count} seeds hold`)
    }
    return 0
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause)
    return 1
  }
}

if (import.meta.url === `file://${process.argv[1]}`) process.exit(main(process.argv.slice(2)))

/** `npm run swarm [COUNT [FIRST]]`: runs many seeds, prints the first that fails, with its options. */
import { profileOf, Simulation } from './simulation.js'

export function swarm(first: number, count: number): void {
  for (let seed = first; seed < first + count; seed++) new Simulation(profileOf(seed)).run()
}

export function main(args: readonly string[]): number {
  const count = Number(args[0] ?? 2000)
  const first = Number(args[1] ?? 1)
  if (args.length > 2 || !Number.isInteger(count) || !Number.isInteger(first) || count < 1 || first < 0) {
    console.error(`swarm wants [COUNT [FIRST]], whole numbers; found "${args.join(' ')}"`)
    return 2
  }
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

/**
 * The size of the heap's young generation. A check that is under way survives collections, and in the megabyte that V8
 * begins with a tenth of the CPU of all checks goes into moving them; in the sixteen that it would grow to, a process
 * with 1000 servers holds 25 MB more and saves nothing further. So it grows once, to four, and stays there.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const GROWTH = 4
const WANTED_BYTES = 4 * 1024 * 1024
/** V8 lets it grow when more has survived than it holds: at most so many times a hundred small objects, a few milliseconds. */
const ROUNDS_MAX = 1_000

export function sizeYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${GROWTH}`)
  const survivors: number[][] = []
  for (let round = 0; round < ROUNDS_MAX && youngBytes() < WANTED_BYTES; round++)
    for (let count = 0; count < 100; count++) survivors.push([round, count, 0, 0, 0, 0, 0, 0])
  setFlagsFromString('--semi-space-growth-factor=1')
}

export function youngBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
}

/**
 * Which destination gets a new connection: the schedulers of IPVS that need no kernel, as pure functions over the
 * destinations that may be chosen. Formulas as in docs of ipvsadm(8) and the kernel: overhead is active * 256 +
 * inactive connections; ties go to the first of the table.
 */
import { assert } from '../../../base/assert.js'
import { rendezvous } from './rendezvous.js'

export interface Candidate {
  /** `address:port`, what hashes are made from. */
  readonly id: string
  /** Above 0. */
  readonly weight: number
  readonly active: number
  readonly inactive: number
}

export interface Caller {
  readonly address: string
  readonly port: number
  /** The service's address, for dh. */
  readonly serviceAddress: string
}

/** What a rotation remembers between two picks; each service has its own. */
export interface Rotation {
  /** Where the last pick stood in the list of candidates. */
  position: number
  /** wrr: the weight that a candidate must have to be picked in this round. */
  threshold: number
}

export const startRotation = (): Rotation => ({ position: -1, threshold: 0 })

type Pick = (candidates: readonly Candidate[], caller: Caller, rotation: Rotation, flags: string) => Candidate

const overhead = (candidate: Candidate): number => candidate.active * 256 + candidate.inactive

/** The first candidate with the smallest value. */
function leastBy(candidates: readonly Candidate[], value: (candidate: Candidate) => number): Candidate {
  let best = candidates[0]!
  for (const candidate of candidates) if (value(candidate) < value(best)) best = candidate
  return best
}

const sed = (candidates: readonly Candidate[]): Candidate =>
  leastBy(candidates, candidate => (candidate.active + 1) / candidate.weight)

function rr(candidates: readonly Candidate[], rotation: Rotation): Candidate {
  rotation.position = (rotation.position + 1) % candidates.length
  return candidates[rotation.position]!
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/**
 * Interleaved: rounds with a threshold that falls from the largest weight in steps of the greatest common divisor;
 * a candidate is picked in each round whose threshold its weight reaches.
 */
function wrr(candidates: readonly Candidate[], rotation: Rotation): Candidate {
  const largest = Math.max(...candidates.map(candidate => candidate.weight))
  const step = candidates.reduce((divisor, candidate) => gcd(divisor, candidate.weight), 0)
  rotation.threshold = Math.min(rotation.threshold, largest)
  // The heaviest candidate reaches every threshold, so two rounds are always enough.
  for (let tries = 0; tries <= 2 * candidates.length; tries++) {
    rotation.position = (rotation.position + 1) % candidates.length
    if (rotation.position === 0) {
      rotation.threshold -= step
      if (rotation.threshold <= 0) rotation.threshold = largest
    }
    const candidate = candidates[rotation.position]!
    if (rotation.threshold > 0 && candidate.weight >= rotation.threshold) return candidate
  }
  assert(false, 'a round of wrr ended without a pick')
}

const hashed = (candidates: readonly Candidate[], key: string): Candidate => rendezvous(candidates, key)

const bySource =
  (portFlag: string): Pick =>
  (candidates, caller, _rotation, flags) =>
    hashed(
      candidates,
      flags.split(',').includes(portFlag) ? `${caller.address} ${caller.port}` : caller.address,
    )

/** One row a scheduler. */
const SCHEDULERS: Readonly<Record<string, Pick>> = {
  rr: (candidates, _caller, rotation) => rr(candidates, rotation),
  wrr: (candidates, _caller, rotation) => wrr(candidates, rotation),
  lc: candidates => leastBy(candidates, overhead),
  wlc: candidates => leastBy(candidates, candidate => overhead(candidate) / candidate.weight),
  sed,
  nq: candidates => candidates.find(candidate => candidate.active === 0) ?? sed(candidates),
  sh: bySource('sh-port'),
  mh: bySource('mh-port'),
  dh: (candidates, caller) => hashed(candidates, caller.serviceAddress),
  fo: candidates => leastBy(candidates, candidate => -candidate.weight),
  ovf: candidates => {
    const room = candidates.filter(candidate => candidate.active < candidate.weight)
    return leastBy(room.length > 0 ? room : candidates, candidate => -candidate.weight)
  },
}

export const schedulerNames: readonly string[] = Object.keys(SCHEDULERS)

/** The candidates are those that may get a connection now; null when there is none. */
export function schedule(
  scheduler: string,
  candidates: readonly Candidate[],
  caller: Caller,
  rotation: Rotation,
  flags: string,
): Candidate | null {
  if (candidates.length === 0) return null
  const pick = SCHEDULERS[scheduler]
  assert(pick, `scheduler ${scheduler} was let into the table`)
  return pick(candidates, caller, rotation, flags)
}

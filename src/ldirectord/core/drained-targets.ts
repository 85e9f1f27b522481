/** Which servers of a file a list of drains holds out of service. */
import type { LdirectordConfig } from '../config/model.js'
import { canonicalKey, type WeightOf } from './desired.js'
import type { Target } from './director-contract.js'
import { type Drain, drainOf } from './drain.js'
import { serviceId } from './table.js'

export type DrainOf = (target: Target) => Drain | null

export function drainsIn({ virtuals }: LdirectordConfig, drains: readonly Drain[]): DrainOf {
  const ids = virtuals.map(({ key }) => serviceId(canonicalKey(key)))
  return ({ virtual, real }) =>
    drains.length === 0 ? null : drainOf(drains, ids[virtual]!, virtuals[virtual]!.reals[real]!)
}

/** The weight of each server while it serves: that of the file, or less where a drain takes out a part. */
export function limitsIn({ virtuals }: LdirectordConfig, drainOf: DrainOf): WeightOf {
  return (virtual, real) => {
    const { weight } = virtuals[virtual]!.reals[real]!
    return Math.min(weight, drainOf({ virtual, real })?.weight ?? weight)
  }
}

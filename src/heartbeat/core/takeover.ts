/**
 * Everything becomes ours: the peer is dead, has stopped, or was never heard. Its groups first (mach_down), then our
 * own where we do not hold them.
 */
import * as lines from '../log-lines.js'
import { ALL, className, FOREIGN, LOCAL, NONE, without } from './classes.js'
import type { GroupName, NodeName } from './contract.js'
import type { Ground } from './ground.js'
import type { Legacy } from './legacy.js'

export class Takeover {
  readonly #ground: Ground
  readonly #legacy: Legacy

  constructor(ground: Ground, legacy: Legacy) {
    this.#ground = ground
    this.#legacy = legacy
  }

  /** True when something was taken. */
  from(name: NodeName, because: string): boolean {
    const ground = this.#ground
    const isRetry = this.#legacy.forget() || ground.failed.length > 0
    const missing = without(ALL, ground.held)
    ground.state = 'stable'
    if (missing === NONE && !isRetry) return false
    ground.chronicle.log(lines.beingAcquired(name))
    ground.hold(ALL, `${name}: ${because}`)
    if ((missing & FOREIGN) !== 0 || isRetry) this.#takeFrom(name)
    if ((missing & LOCAL) !== 0 || isRetry) this.takeLocal(`${name}: ${because}`)
    else ground.chronicle.log(lines.localAcquired()) // said also when they are all here
    return true
  }

  takeLocal(why: string): void {
    const ground = this.#ground
    const whenEnded = (failed: readonly GroupName[]): void => {
      ground.noteStarts(LOCAL, failed)
      ground.chronicle.log(lines.localAcquired())
      if (ground.state === 'stable' && !ground.isLegacy) ground.announce(true, 'req_our_resources()')
    }
    ground.jobs.add({ what: 'takeLocal', bits: LOCAL, node: ground.us, why, whenEnded })
  }

  #takeFrom(node: NodeName): void {
    const ground = this.#ground
    const whenEnded = (failed: readonly GroupName[]): void => {
      ground.noteStarts(FOREIGN, failed)
      if (ground.isLegacy) return
      ground.chronicle.log(lines.machDownComplete())
      ground.completeStart('mach_down')
      if (ground.state !== 'stable') return
      ground.say(['t', 'resource'], ['rsc_hold', className(FOREIGN)], ['info', 'mach_down'])
      ground.owesStable = true
    }
    ground.jobs.add({ what: 'takeFrom', bits: FOREIGN, node, why: `takeover from ${node}`, whenEnded })
  }
}

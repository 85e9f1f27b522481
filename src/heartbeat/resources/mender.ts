/**
 * Acts on what the watch has found, in turn with the jobs: puts an address back, restarts a resource, meets another
 * owner of an address, or gives a group up and reports it. What to do is decided in plan/monitor.ts.
 */
import { performance } from 'node:perf_hooks'
import { type Performer, perform } from './perform.js'
import type { StopRetries } from './plan/group.js'
import { keepsAddress, mendGroup, putBack, Restarts } from './plan/monitor.js'
import type { Resource, ResourceGroup } from './plan/resource.js'
import type { RunnerSettings } from './plan/settings.js'
import type { Finding } from './watch.js'

export interface MenderWorld {
  readonly settings: RunnerSettings
  readonly retries: StopRetries
  readonly isHeld: (group: ResourceGroup) => boolean
  readonly performer: () => Performer
  /** Stops the whole group, last resource first. */
  readonly give: (group: ResourceGroup) => Promise<unknown>
  readonly announce: (resource: Resource) => Promise<void>
  readonly complain: (resource: Resource, text: string) => void
  readonly onLost: (group: ResourceGroup, why: string) => void
}

export class Mender {
  readonly #world: MenderWorld
  readonly #restarts: Restarts

  constructor(world: MenderWorld) {
    this.#world = world
    this.#restarts = new Restarts(world.settings.restartsMax)
  }

  async react(finding: Finding): Promise<void> {
    const { kind, group, resource } = finding
    // Given away meanwhile: it is the peer's now.
    if (!this.#world.isHeld(group)) return
    if (kind === 'rival') await this.#meetRival(finding)
    else if (kind === 'failed') await this.#mend(group, resource, finding.why)
    else if (!(await perform(putBack(resource), this.#world.performer()))) {
      await this.#mend(group, resource, 'its address is gone and cannot be put back')
    }
  }

  async #mend(group: ResourceGroup, resource: Resource, why: string): Promise<void> {
    const restart = this.#restarts.next(resource, performance.now())
    const at = group.resources.indexOf(resource)
    const mending = { group, at, why, restart, retries: this.#world.retries }
    if (await perform(mendGroup(mending), this.#world.performer())) return
    await this.#lose(group, `${resource.text}: ${why}`)
  }

  async #meetRival({
    group,
    resource,
    mac,
    duringStart,
  }: Extract<Finding, { kind: 'rival' }>): Promise<void> {
    const { addressInUse } = this.#world.settings
    const keeps = duringStart === null || keepsAddress(addressInUse, duringStart === 'dead')
    const done = keeps ? 'announcing it again' : 'giving it back'
    this.#world.complain(resource, `Another machine (${mac}) answers for this address: ${done}`)
    if (keeps) await this.#world.announce(resource)
    else await this.#lose(group, `${resource.text} is in use by another machine (${mac})`)
  }

  async #lose(group: ResourceGroup, why: string): Promise<void> {
    await this.#world.give(group)
    this.#world.onLost(group, why)
  }
}

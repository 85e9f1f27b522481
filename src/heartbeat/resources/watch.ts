/**
 * The watch over what runs, between the jobs of the runner: resources are monitored, addresses that were taken away are
 * found, held addresses are announced anew, and other machines that answer for them are looked for. It only looks; what
 * it finds goes to the runner, in turn with the jobs.
 */
import { networkInterfaces } from 'node:os'
import type { AgentContext } from '../../agents/agent.js'
import { builtinAgents } from '../../agents/table.js'
import { type AddressChanges, hearAddressChanges } from '../../base/io/address-changes.js'
import { isNativeFailure } from '../../base/io/native.js'
import { sameAddress } from '../../base/ipv6.js'
import type { CallOutcome } from './plan/group.js'
import type { Resource, ResourceGroup } from './plan/resource.js'
import type { RunnerSettings } from './plan/settings.js'

export type Finding = { readonly group: ResourceGroup; readonly resource: Resource } & (
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'takenAway' }
  /** Another machine answers for an address; `since` is the start of it here that is being checked. */
  | { readonly kind: 'rival'; readonly mac: string; readonly duringStart: 'dead' | 'other' | null }
)

export interface WatchWorld {
  readonly settings: RunnerSettings
  readonly held: () => readonly ResourceGroup[]
  /** No job is at work or waits. */
  readonly isIdle: () => boolean
  readonly monitor: (resource: Resource, ending: AbortSignal) => Promise<CallOutcome>
  readonly context: (timeoutMs: number) => AgentContext
  readonly onFinding: (finding: Finding) => void
  readonly onRivalGone: (resource: Resource) => void
}

const NOT_RUNNING = 7
/** To look where an address is and to ask for rivals. */
const LOOK_MS = 5_000

export class Watch {
  readonly #world: WatchWorld
  readonly #timers: NodeJS.Timeout[] = []
  /** Goes while something is held: a node that only waits is not woken. */
  #addressTimer: NodeJS.Timeout | undefined
  /** Aborts the monitor that runs now. */
  #monitoring: AbortController | null = null
  #isRefreshing = false
  #hasEnded = false
  /** Undefined until the first look; null where the kernel cannot be heard, so that every look is a whole one. */
  #changes: AddressChanges | null | undefined
  /** Whose addresses were all there when they were looked for last. */
  #foundWhole: readonly ResourceGroup[] = []
  /** By the text of the resource: who answered for it last. */
  readonly #rivals = new Map<string, string>()

  constructor(world: WatchWorld) {
    this.#world = world
    const { monitorMs, announce } = world.settings
    this.#every(monitorMs, () => this.#monitor())
    this.#every(announce.refreshMs, () => this.#refresh())
    this.heldChanged()
  }

  /** Other groups are held now. */
  heldChanged(): void {
    const { addressCheckMs } = this.#world.settings
    const isNeeded = addressCheckMs > 0 && !this.#hasEnded && this.#world.held().length > 0
    if (isNeeded) this.#addressTimer ??= setInterval(() => this.#checkAddresses(), addressCheckMs)
    else {
      clearInterval(this.#addressTimer)
      this.#addressTimer = undefined
    }
  }

  /** A job comes: no look may hold it up. */
  interrupt(): void {
    this.#monitoring?.abort()
  }

  end(): void {
    this.#hasEnded = true
    for (const timer of this.#timers) clearInterval(timer)
    this.heldChanged()
    this.#changes?.close()
    this.#changes = null
    this.interrupt()
  }

  /** Beside a start, or at any later time (null), whether somebody else has the addresses of these groups. */
  async lookForRivals(groups: readonly ResourceGroup[], duringStart: 'dead' | 'other' | null): Promise<void> {
    const found = groups.flatMap(group => group.resources.map(resource => ({ group, resource })))
    await Promise.all(found.map(({ group, resource }) => this.#lookForRival(group, resource, duringStart)))
  }

  #every(ms: number, look: () => Promise<void>): void {
    if (ms > 0) this.#timers.push(setInterval(() => void look(), ms))
  }

  async #monitor(): Promise<void> {
    if (this.#monitoring || !this.#world.isIdle()) return
    const ending = new AbortController()
    this.#monitoring = ending
    for (const group of this.#world.held()) await this.#monitorGroup(group, ending.signal)
    this.#monitoring = null
  }

  /** What stands behind a failed resource is not asked: it is restarted with it. */
  async #monitorGroup(group: ResourceGroup, ending: AbortSignal): Promise<void> {
    for (const resource of group.resources) {
      if (ending.aborted) return
      const outcome = await this.#world.monitor(resource, ending)
      if (ending.aborted || outcome.exitCode === 0) continue
      // An address that is gone is put back by itself; what uses it goes on.
      if (outcome.exitCode === NOT_RUNNING && addressOf(resource) !== null)
        this.#world.onFinding({ kind: 'takenAway', group, resource })
      else this.#world.onFinding({ kind: 'failed', group, resource, why: reasonOf(outcome) })
      return
    }
  }

  #checkAddresses(): void {
    if (!this.#world.isIdle()) return
    const held = this.#world.held()
    // Heard before the look: what changes meanwhile leads to another one.
    const mayDiffer = this.#addressesChanged() || !areSame(held, this.#foundWhole)
    if (!mayDiffer) return
    const present = Object.values(networkInterfaces()).flatMap(entries => entries ?? [])
    this.#foundWhole = held
    for (const group of held) {
      for (const resource of group.resources) {
        const address = addressOf(resource)
        if (address === null || present.some(at => isSame(at.address, address))) continue
        this.#foundWhole = []
        this.#world.onFinding({ kind: 'takenAway', group, resource })
      }
    }
  }

  #addressesChanged(): boolean {
    if (this.#changes === undefined) {
      const heard = hearAddressChanges()
      this.#changes = isNativeFailure(heard) ? null : heard
      return true
    }
    return this.#changes === null || this.#changes.haveCome()
  }

  async #refresh(): Promise<void> {
    if (this.#isRefreshing || !this.#world.isIdle()) return
    this.#isRefreshing = true
    const context = this.#world.context(LOOK_MS)
    const once = { ...context, announcements: { count: 1, everyMs: 0 } }
    for (const { resources } of this.#world.held())
      for (const { script, args } of resources) await builtinAgents.get(script)?.announce?.(args, once)
    await this.lookForRivals(this.#world.held(), null)
    this.#isRefreshing = false
  }

  async #lookForRival(
    group: ResourceGroup,
    resource: Resource,
    duringStart: 'dead' | 'other' | null,
  ): Promise<void> {
    if (addressOf(resource) === null) return
    const mac = await builtinAgents.get(resource.script)?.rival?.(resource.args, this.#world.context(LOOK_MS))
    const before = this.#rivals.get(resource.text)
    if (mac == null) {
      if (this.#rivals.delete(resource.text)) this.#world.onRivalGone(resource)
      return
    }
    this.#rivals.set(resource.text, mac)
    if (mac !== before || duringStart !== null)
      this.#world.onFinding({ kind: 'rival', group, resource, mac, duringStart })
  }
}

const areSame = (some: readonly ResourceGroup[], others: readonly ResourceGroup[]): boolean =>
  some.length === others.length && some.every((group, at) => group === others[at])

function addressOf({ script, args }: Resource): string | null {
  return builtinAgents.get(script)?.serviceAddress?.(args) ?? null
}

const isSame = (a: string, b: string): boolean =>
  a === b || (a.includes(':') && b.includes(':') && sameAddress(a.replace(/%.*/, ''), b))

function reasonOf({ problem, output, exitCode }: CallOutcome): string {
  const said = output.split('\n').find(line => line.trim() !== '')
  return problem ?? said?.replace(/^ERROR:\s*/, '') ?? `exit code ${exitCode} of its monitor`
}

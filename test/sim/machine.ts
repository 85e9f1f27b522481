/**
 * A machine's resources and its runner, as a model: which groups run here, and jobs that start and stop them one by
 * one, each taking its time, some failing. A killed daemon leaves the groups as they are; a crash stops them.
 */
import type { GroupName, ResourceJob } from '../../src/heartbeat/core/cluster.js'
import type { Timeline } from './timeline.js'

export interface MachineOptions {
  readonly us: string
  readonly groups: readonly GroupName[]
  /** How long one start or stop takes. */
  readonly actionMs: () => number
  readonly startFails: (key: string) => boolean
  readonly stopFails: (key: string) => boolean
  /** Each start and stop as it happens. */
  readonly onAction: (action: 'start' | 'stop' | 'start fails' | 'stop fails', key: string) => void
}

export class Machine {
  readonly running = new Set<string>()
  #life = 0
  readonly #timeline: Timeline
  readonly #options: MachineOptions

  constructor(timeline: Timeline, options: MachineOptions) {
    this.#timeline = timeline
    this.#options = options
  }

  /** The runner ends with the daemon: what it was at stays half done. */
  killRunner(): void {
    this.#life++
  }

  powerOff(): void {
    this.#life++
    this.running.clear()
  }

  perform(job: ResourceJob, ended: (failed: readonly GroupName[]) => void): void {
    const life = this.#life
    const todo = this.#groupsOf(job)
    const failed: GroupName[] = []
    const next = (): void => {
      if (life !== this.#life) return
      const group = todo.shift()
      if (group === undefined) {
        ended(failed)
        return
      }
      const isTake = job.what.startsWith('take')
      const isRunning = this.running.has(group.key)
      // status first: a take of what runs and a clear of what does not are cheap.
      const costMs = isTake === isRunning && job.what !== 'giveAll' ? 1 : this.#options.actionMs()
      this.#timeline.in(costMs, () => {
        if (life !== this.#life) return
        if (isTake ? !this.#start(group.key) : !this.#stop(group.key, job)) failed.push(group)
        next()
      })
    }
    this.#timeline.in(1, next)
  }

  #start(key: string): boolean {
    if (this.running.has(key)) return true
    if (this.#options.startFails(key)) {
      this.#options.onAction('start fails', key)
      return false
    }
    this.running.add(key)
    this.#options.onAction('start', key)
    return true
  }

  #stop(key: string, job: ResourceJob): boolean {
    if (!this.running.has(key)) {
      if (job.what !== 'clear') this.#options.onAction('stop', key)
      return true
    }
    if (this.#options.stopFails(key)) {
      this.#options.onAction('stop fails', key)
      return false
    }
    this.running.delete(key)
    this.#options.onAction('stop', key)
    return true
  }

  #groupsOf(job: ResourceJob): GroupName[] {
    const { groups, us } = this.#options
    const isLocal = (group: GroupName): boolean => group.node === us
    switch (job.what) {
      case 'takeLocal':
        return groups.filter(isLocal)
      case 'takeFrom':
        return groups.filter(group => group.node === job.node)
      case 'giveAll':
        return [...groups]
      case 'takeGroup':
      case 'giveGroup':
        return groups.filter(group => group.key === job.key)
      default:
        return groups.filter(
          group => job.resourceClass === 'all' || isLocal(group) === (job.resourceClass === 'local'),
        )
    }
  }
}

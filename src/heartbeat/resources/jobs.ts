/**
 * What the cluster asks of the resource runner, and which groups of haresources that means. Classes are in the words
 * of this node: local groups begin with our name, foreign ones with another's.
 */
import type { Level } from '../../log/record.js'
import { groupKey, groupText, type ResourceGroup } from './resource.js'

export type JobClass = 'local' | 'foreign' | 'all'

export type Job =
  /** Our own groups, at the start or because a peer gave them up. */
  | { readonly kind: 'takeLocal' }
  /** Everything that a dead or leaving peer held. */
  | { readonly kind: 'takeFrom'; readonly node: string }
  /** The other side of a standby. */
  | { readonly kind: 'take'; readonly resourceClass: JobClass }
  | { readonly kind: 'give'; readonly resourceClass: JobClass }
  /** Before the daemon ends. */
  | { readonly kind: 'giveAll' }

/** One group of a job, with what the log says before it. */
export interface JobStep {
  readonly action: 'take' | 'give'
  readonly group: ResourceGroup
  readonly before: readonly JobLine[]
}

export interface JobLine {
  /** Who says it in ha-log: the daemon's child or one of the original's scripts. */
  readonly program: 'heartbeat' | 'mach_down'
  readonly level: Level
  readonly text: string
}

export interface JobPlan {
  readonly begin: readonly JobLine[]
  readonly steps: readonly JobStep[]
  readonly end: readonly JobLine[]
}

const heartbeat = (text: string): JobLine => ({ program: 'heartbeat', level: 'info', text })
const machDown = (text: string): JobLine => ({ program: 'mach_down', level: 'info', text })

function ofClass(groups: readonly ResourceGroup[], wanted: JobClass, us: string): readonly ResourceGroup[] {
  if (wanted === 'all') return groups
  return groups.filter(group => (group.node === us) === (wanted === 'local'))
}

/**
 * Giving away covers groups that are held although haresources does not name them any more (somebody edited it):
 * else they would stay up for ever on a node that does not know of them.
 */
function withHeld(
  groups: readonly ResourceGroup[],
  held: readonly ResourceGroup[],
): readonly ResourceGroup[] {
  const known = new Set(groups.map(groupText))
  return [...groups, ...held.filter(group => !known.has(groupText(group)))]
}

export function planJob(
  job: Job,
  us: string,
  groups: readonly ResourceGroup[],
  held: readonly ResourceGroup[],
): JobPlan {
  const take = (chosen: readonly ResourceGroup[]): JobStep[] =>
    chosen.map(group => ({ action: 'take', group, before: [] }))
  const give = (chosen: readonly ResourceGroup[]): JobStep[] =>
    chosen.map(group => ({ action: 'give', group, before: [] }))
  switch (job.kind) {
    case 'takeLocal':
      return {
        begin: [],
        steps: take(ofClass(groups, 'local', us)),
        end: [heartbeat('Local Resource acquisition completed.')],
      }
    case 'takeFrom':
      return {
        begin: [],
        steps: take(groups.filter(group => group.node === job.node)).map(step => ({
          ...step,
          before: [machDown(`Taking over resource group ${groupKey(step.group)}`)],
        })),
        end: [machDown(`mach_down takeover complete for node ${job.node}.`)],
      }
    case 'take':
      return {
        begin: [heartbeat(`acquire ${job.resourceClass} HA resources (standby).`)],
        steps: take(ofClass(groups, job.resourceClass, us)),
        end: [heartbeat(`${job.resourceClass} HA resource acquisition completed (standby).`)],
      }
    case 'give':
      return {
        begin: [heartbeat(`give up ${job.resourceClass} HA resources (standby).`)],
        steps: give(ofClass(withHeld(groups, held), job.resourceClass, us)),
        end: [heartbeat(`${job.resourceClass} HA resource release completed (standby).`)],
      }
    case 'giveAll':
      return {
        begin: [heartbeat('Giving up all HA resources.')],
        steps: give(withHeld(groups, held)),
        end: [heartbeat('All HA resources relinquished.')],
      }
  }
}

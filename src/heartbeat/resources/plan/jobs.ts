/**
 * What the cluster asks of the resource runner, and which groups of haresources that means. Classes are in the words
 * of this node: local groups begin with our name, foreign ones with another's.
 */
import { unreachable } from '../../../base/assert.js'
import type { ResourceClass, ResourceJob } from '../../core/cluster.js'
import { groupKey, groupText, type ResourceGroup } from './resource.js'

/** One group of a job, with what mach_down says before it. */
export interface JobStep {
  readonly action: 'take' | 'give' | 'clear'
  readonly group: ResourceGroup
  readonly before: string | null
}

export interface JobPlan {
  readonly steps: readonly JobStep[]
  /** What mach_down says at the end. The lines of the daemon itself around a job are the core's. */
  readonly end: readonly string[]
}

/** The original's script gives its own path. */
const FOREIGN_ACQUIRED = '/usr/share/heartbeat/mach_down: nice_failback: foreign resources acquired'

function ofClass(
  groups: readonly ResourceGroup[],
  wanted: ResourceClass,
  us: string,
): readonly ResourceGroup[] {
  if (wanted === 'all') return groups
  if (wanted === 'none') return []
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

const steps = (action: JobStep['action'], groups: readonly ResourceGroup[]): JobStep[] =>
  groups.map(group => ({ action, group, before: null }))

const isKeyed =
  (key: string | undefined) =>
  (group: ResourceGroup): boolean =>
    groupKey(group) === key

export function planJob(
  job: ResourceJob,
  us: string,
  groups: readonly ResourceGroup[],
  held: readonly ResourceGroup[],
  isLegacy: boolean,
): JobPlan {
  if (job.what === 'takeFrom') {
    const theirs = groups.filter(group => group.node === job.node)
    return {
      steps: theirs.map(group => ({
        action: 'take',
        group,
        before: `Taking over resource group ${groupKey(group)}`,
      })),
      end: [...(isLegacy ? [] : [FOREIGN_ACQUIRED]), `mach_down takeover complete for node ${job.node}.`],
    }
  }
  return { steps: stepsOf({ ...job, what: job.what }, us, groups, withHeld(groups, held)), end: [] }
}

function stepsOf(
  { what, resourceClass, key }: ResourceJob & { what: Exclude<ResourceJob['what'], 'takeFrom'> },
  us: string,
  groups: readonly ResourceGroup[],
  known: readonly ResourceGroup[],
): JobStep[] {
  switch (what) {
    case 'takeLocal':
      return steps('take', ofClass(groups, 'local', us))
    case 'take':
      return steps('take', ofClass(groups, resourceClass, us))
    case 'give':
      return steps('give', ofClass(known, resourceClass, us))
    case 'giveAll':
      return steps('give', known)
    case 'clear':
      return steps('clear', ofClass(groups, resourceClass, us))
    case 'takeGroup':
      return steps('take', groups.filter(isKeyed(key)))
    case 'giveGroup':
      return steps('give', known.filter(isKeyed(key)))
    default:
      return unreachable(what)
  }
}

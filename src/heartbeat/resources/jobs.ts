/**
 * What the cluster asks of the resource runner, and which groups of haresources that means. Classes are in the words
 * of this node: local groups begin with our name, foreign ones with another's.
 */
import { unreachable } from '../../base/assert.js'
import type { Level } from '../../log/record.js'
import type { ResourceClass, ResourceJob } from '../core/cluster.js'
import { groupKey, groupText, type ResourceGroup } from './resource.js'

/** One group of a job, with what the log says before it. */
export interface JobStep {
  readonly action: 'take' | 'give' | 'clear'
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

const step =
  (action: JobStep['action'], before: (group: ResourceGroup) => readonly JobLine[] = () => []) =>
  (group: ResourceGroup): JobStep => ({ action, group, before: before(group) })

export function planJob(
  job: ResourceJob,
  us: string,
  groups: readonly ResourceGroup[],
  held: readonly ResourceGroup[],
): JobPlan {
  const { resourceClass } = job
  switch (job.what) {
    case 'takeLocal':
      return {
        begin: [],
        steps: ofClass(groups, 'local', us).map(step('take')),
        end: [heartbeat('Local Resource acquisition completed.')],
      }
    case 'takeFrom':
      return {
        begin: [],
        steps: groups
          .filter(group => group.node === job.node)
          .map(step('take', group => [machDown(`Taking over resource group ${groupKey(group)}`)])),
        end: [machDown(`mach_down takeover complete for node ${job.node}.`)],
      }
    case 'take':
      return {
        begin: [heartbeat(`acquire ${resourceClass} HA resources (standby).`)],
        steps: ofClass(groups, resourceClass, us).map(step('take')),
        end: [heartbeat(`${resourceClass} HA resource acquisition completed (standby).`)],
      }
    case 'give':
      return {
        begin: [heartbeat(`give up ${resourceClass} HA resources (standby).`)],
        steps: ofClass(withHeld(groups, held), resourceClass, us).map(step('give')),
        end: [heartbeat(`${resourceClass} HA resource release completed (standby).`)],
      }
    case 'giveAll':
      return {
        begin: [heartbeat('Giving up all HA resources.')],
        steps: withHeld(groups, held).map(step('give')),
        end: [heartbeat('All HA resources relinquished.')],
      }
    case 'clear':
      return { begin: [], steps: ofClass(groups, resourceClass, us).map(step('clear')), end: [] }
    case 'takeGroup':
      return { begin: [], steps: groups.filter(isKeyed(job.key)).map(step('take')), end: [] }
    case 'giveGroup':
      return { begin: [], steps: withHeld(groups, held).filter(isKeyed(job.key)).map(step('give')), end: [] }
    default:
      return unreachable(job.what)
  }
}

const isKeyed =
  (key: string | undefined) =>
  (group: ResourceGroup): boolean =>
    groupKey(group) === key

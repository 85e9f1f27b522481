/** What a command is going to do, from what it was asked for and from what the hosts have: the plan, or why there is none. */
import type { DeployConfig, HostConfig } from '../config/directives.js'
import type { RunPlan } from '../core/run-plan.js'
import type { Step } from '../core/steps.js'
import { type HostView, releaseId, rollbackTarget } from './releases.js'

/** Steps that a kind of run has no use for. */
const NO_DRAIN: readonly Step[] = [
  'readTuning',
  'tune',
  'capacity',
  'drain',
  'release',
  'rejoin',
  'redrain',
  'quiesce',
  'readmit',
  'restore',
  'pause',
]

export interface Intent {
  readonly kind: RunPlan['kind']
  readonly hosts: readonly string[]
  /** null: a new one. */
  readonly release: string | null
  /** Behind the id of a new one. */
  readonly label: string | null
  readonly fast: boolean
}

export type Views = ReadonlyMap<string, HostView>

/** A rollback has one target: that of the hosts that go back. */
export function makePlan(
  deploy: DeployConfig['deploy'],
  intent: Intent,
  views: Views,
  { run, startedAt }: { readonly run: string; readonly startedAt: string },
): RunPlan | string {
  const target = chooseRelease(intent, views, startedAt)
  if ('why' in target) return target.why
  const isOld = intent.kind === 'rollback' || intent.release !== null
  const skips: Step[] = isOld ? ['upload', 'prepare'] : []
  if (intent.fast) skips.push(...NO_DRAIN)
  return {
    run,
    kind: intent.kind,
    release: target.id,
    previous: Object.fromEntries([...views].map(([name, view]) => [name, view.link])),
    hosts: intent.hosts,
    batch: intent.fast ? [{ percent: 100 }] : deploy.batch,
    maxFail: intent.fast ? intent.hosts.length : deploy.max_fail,
    onBatchFail: deploy.on_batch_fail,
    until: intent.kind === 'publish' ? 'prepare' : 'end',
    skips: deploy.canary_wait === 0 ? [...skips, 'pause'] : skips,
    digest: null,
    spoilsPrevious: intent.kind === 'rollback' && intent.release === null,
  }
}

function chooseRelease(intent: Intent, views: Views, startedAt: string): { id: string } | { why: string } {
  if (intent.kind !== 'rollback' && intent.release === null) return { id: releaseId(startedAt, intent.label) }
  const targets = [...views].map(([name, view]) => ({
    name,
    view,
    id: intent.release ?? rollbackTarget(view),
  }))
  const none = targets.find(({ id }) => id === null)
  if (none !== undefined)
    return { why: `${none.name}: there is no good release before ${none.view.current ?? 'the current one'}` }
  const ids = new Set(targets.map(({ id }) => id!))
  if (ids.size > 1)
    return {
      why: `the hosts would go back to different releases (${targets.map(({ name, id }) => `${name}: ${id}`).join(', ')}): say which with --to`,
    }
  const [id] = ids
  const wanted = intent.kind === 'rollback' ? ['good'] : ['good', 'ready']
  const unfit = targets.find(
    ({ view }) => !view.releases.some(known => known.id === id && wanted.includes(known.state)),
  )
  if (unfit === undefined) return { id: id! }
  const state = unfit.view.releases.find(known => known.id === id)?.state
  return { why: `${unfit.name}: release ${id} is ${state ?? 'not there'}, wanted ${wanted.join(' or ')}` }
}

/** The hosts of a run in their order; `weights` by real server. */
export function inOrder(
  hosts: readonly HostConfig[],
  order: DeployConfig['deploy']['order'],
  weights: ReadonlyMap<string, number>,
): readonly string[] {
  const weightOf = ({ real }: HostConfig): number =>
    real.reduce((sum, place) => sum + (weights.get(place) ?? 0), 0)
  const sorted = [...hosts]
  if (order === 'name') sorted.sort((a, b) => (a.name < b.name ? -1 : 1))
  if (order === 'weight-asc') sorted.sort((a, b) => weightOf(a) - weightOf(b))
  return sorted.map(({ name }) => name)
}

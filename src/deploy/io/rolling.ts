/** The commands that move releases: run, publish, rollback, and what goes on with an interrupted one. */
import { resolve } from 'node:path'
import type { Entry } from '../codec/journal.js'
import { JOURNAL_VERSION } from '../codec/journal.js'
import { Rollout } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import type { Step } from '../core/steps.js'
import { describePlan } from '../plan/describe.js'
import { endTable } from '../plan/end-table.js'
import { type HostView, isReleaseId, releaseId, rollbackTarget } from '../plan/releases.js'
import { ADOPT } from '../plan/scripts.js'
import type { Answer, CommandInput } from './commands.js'
import { type Driving, drive, feed } from './drive.js'
import { Hooks } from './hooks.js'
import { archivePath, JournalFile, type Known, tidy, unfinishedRun } from './journal-file.js'
import { takeLock } from './local-lock.js'
import { takeLocks } from './locks.js'
import { Performer } from './perform.js'
import { Reporter } from './report.js'
import { inspect } from './session.js'
import { stage } from './stage.js'

const DONE: Answer = { exit: 0, error: null }
const failed = (exit: number, error: string): Answer => ({ exit, error })

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

interface Intent {
  readonly kind: RunPlan['kind']
  readonly hosts: readonly string[]
  /** null: a new one. */
  readonly release: string | null
  readonly fast: boolean
}

type Views = ReadonlyMap<string, HostView>

export const release = (input: CommandInput): Promise<Answer> =>
  begin(input, { kind: 'release', hosts: hostsOf(input), release: input.call.release, fast: false })

export const publish = (input: CommandInput): Promise<Answer> =>
  begin(input, { kind: 'publish', hosts: hostsOf(input), release: null, fast: false })

export const rollback = (input: CommandInput): Promise<Answer> =>
  begin(input, { kind: 'rollback', hosts: hostsOf(input), release: input.call.to, fast: input.call.fast })

export const planned = (input: CommandInput): Promise<Answer> =>
  begin(
    { ...input, call: { ...input.call, dryRun: true } },
    { kind: 'release', hosts: hostsOf(input), release: input.call.release, fast: false },
  )

function hostsOf({ call, session }: CommandInput): readonly string[] {
  const { hosts, deploy } = session.config
  const names = hosts
    .map(host => host.name)
    .filter(name => call.hosts.length === 0 || call.hosts.includes(name))
  return deploy.order === 'name' ? [...names].sort() : names
}

/** Everything that can be refused is refused here, before anything is changed. */
async function begin(input: CommandInput, intent: Intent): Promise<Answer> {
  const { session, runId, call } = input
  const given = intent.release
  if (given !== null && !isReleaseId(given))
    return failed(2, `${given} is no id of a release, such as 20261121050210-label`)
  const open = unfinishedRun(session.stateFolder)
  if (open !== null && !call.dryRun) return failed(8, describeOpen(open))
  const views = await lookAtHosts(input, intent.hosts)
  if (typeof views === 'string') return failed(4, views)
  if (!intent.fast && intent.kind !== 'publish') {
    const fault = await session.drain.prepare(session.config.hosts.flatMap(host => host.real))
    if (fault !== null) return failed(4, fault)
  }
  const plan = makePlan(input, intent, views)
  if (typeof plan === 'string') return failed(4, plan)
  if (call.dryRun) return showPlan(input, plan)
  return underLocks(input, plan.hosts, runId, intent.kind, async () => {
    const adopted = await adoptFolders(input, views)
    if (adopted !== null) return failed(4, adopted)
    return start(input, plan, views)
  })
}

async function lookAtHosts(input: CommandInput, names: readonly string[]): Promise<Views | string> {
  const found = await Promise.all(
    names.map(async name => [name, await inspect(input.session, name)] as const),
  )
  const views = new Map<string, HostView>()
  for (const [name, view] of found) {
    if ('why' in view) return view.why.startsWith('ssh') ? view.why : `${name}: ${view.why}`
    const to = input.session.config.deploy.deploy_to
    if (view.isDirectory && !input.call.adopt)
      return `${name}: ${to}/current is a directory; with --adopt it becomes a release and current a link to it`
    if (view.exists && !view.isWritable) return `${name}: ${to} cannot be written`
    views.set(name, view)
  }
  return views
}

/** A rollback has one target: that of the hosts that go back. */
function makePlan(
  { session, runId, startedAt, call }: CommandInput,
  intent: Intent,
  views: Views,
): RunPlan | string {
  const { deploy } = session.config
  const target = chooseRelease(intent, views, startedAt, call.label)
  if ('why' in target) return target.why
  const isOld = intent.kind === 'rollback' || intent.release !== null
  const skips: Step[] = isOld ? ['upload', 'prepare'] : []
  if (intent.fast) skips.push(...NO_DRAIN)
  return {
    run: runId,
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

function chooseRelease(
  intent: Intent,
  views: Views,
  startedAt: string,
  label: string | null,
): { id: string } | { why: string } {
  if (intent.kind !== 'rollback' && intent.release === null) return { id: releaseId(startedAt, label) }
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

function showPlan({ session, terminal }: CommandInput, plan: RunPlan): Answer {
  terminal.out(
    terminal.json ? `${JSON.stringify(plan)}\n` : `${describePlan(plan, session.config).join('\n')}\n`,
  )
  return DONE
}

async function adoptFolders(
  { session, startedAt, runId, call }: CommandInput,
  views: Views,
): Promise<string | null> {
  if (!call.adopt) return null
  const { deploy, ssh } = session.config
  for (const [name, view] of views) {
    if (!view.isDirectory) continue
    const id = releaseId(new Date(Date.parse(startedAt) - 1_000).toISOString(), 'adopted')
    const state = { id, run: runId, digest: null, state: 'good', times: { good: startedAt } }
    const result = await session.shells
      .get(name)!
      .run(ADOPT, [deploy.deploy_to, id, JSON.stringify(state)], ssh.timeout * 1000)
    if (!result.ok) return `${name}: ${result.why}`
  }
  return null
}

/** `act` runs while this machine, every host and every director know that it does. */
async function underLocks(
  { session, startedAt, io }: CommandInput,
  hosts: readonly string[],
  run: string,
  message: string,
  act: (stopping: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const local = takeLock(`${session.stateFolder}/lock`, run, startedAt)
  if (typeof local !== 'function')
    return failed(3, `locked on this machine by run ${local.run} (pid ${local.pid}) since ${local.since}`)
  try {
    const taken = await takeLocks(session, hosts, run, message)
    if (taken.kind === 'held') return failed(3, `locked on ${taken.where} by ${taken.by}`)
    if (taken.kind === 'failed') return failed(4, taken.why)
    taken.locks.keep(sentence => io.err(`ha-deploy: ${sentence}\n`))
    const answer = await act(io.stopping)
    // An interrupted run keeps its locks: until it was resumed or given up nobody else may start.
    if (answer.exit !== 130) await taken.locks.release()
    return answer
  } finally {
    local()
  }
}

async function start(input: CommandInput, drawn: RunPlan, views: Views): Promise<Answer> {
  const { session, runId, startedAt, call, terminal } = input
  const { deploy } = session.config
  let plan: RunPlan = { ...drawn, previous: { ...drawn.previous } }
  const reporter = new Reporter(terminal, runId)
  const archive = archivePath(session.stateFolder, runId)
  if (!plan.skips.includes('upload')) {
    const source = call.from ?? deploy.source
    if (source === null)
      return failed(2, 'there is no source: write source = DIR in [deploy], or give --from')
    if (call.from === null && deploy.source_cmd !== null) {
      const hooks = new Hooks(session.local, session.baseFolder, `${session.stateFolder}/${runId}.log`)
      const made = await hooks.run(session.local, 'source_cmd', {
        command: deploy.source_cmd,
        folder: session.baseFolder,
        env: { HA_DEPLOY_RUN: runId },
      })
      if (!made.ok) return failed(4, made.why)
    }
    const staged = await stage(
      call.from === null ? resolve(session.baseFolder, source) : resolve(source),
      archive,
    )
    if ('why' in staged) return failed(4, staged.why)
    plan = { ...plan, digest: staged.digest }
  }
  if (call.adopt) plan = { ...plan, previous: await linksNow(input, views) }
  const journal = new JournalFile(session.stateFolder, runId)
  journal.append({ kind: 'plan', version: JOURNAL_VERSION, time: startedAt, plan } satisfies Entry)
  const driving = driver(input, new Rollout(plan), journal, reporter)
  return finish(input, driving, journal, feed(driving, { kind: 'start' }))
}

async function linksNow(input: CommandInput, views: Views): Promise<Record<string, string | null>> {
  const links: Record<string, string | null> = {}
  for (const [name, before] of views) {
    const view = await inspect(input.session, name)
    links[name] = 'why' in view ? before.link : view.link
  }
  return links
}

function driver(input: CommandInput, rollout: Rollout, journal: JournalFile, reporter: Reporter): Driving {
  const { session, io } = input
  const { plan } = rollout
  const performer = new Performer({
    config: session.config,
    plan,
    shells: session.shells,
    directors: session.directors,
    local: session.local,
    drain: session.drain,
    hooks: new Hooks(session.local, session.baseFolder, `${session.stateFolder}/${plan.run}.log`),
    archive: plan.digest === null ? null : archivePath(session.stateFolder, plan.run),
    say: reporter.say,
    ask: io.ask,
    tuning: () => rollout.tuning,
    stopping: io.stopping,
  })
  return {
    rollout,
    journal,
    say: reporter.say,
    stopping: io.stopping,
    perform: effect => performer.perform(effect),
  }
}

async function finish(
  { session, terminal }: CommandInput,
  driving: Driving,
  journal: JournalFile,
  first: Parameters<typeof drive>[1],
): Promise<Answer> {
  const { rollout } = driving
  const exit = await drive(driving, first)
  journal.close()
  const { run } = rollout.plan
  if (exit === null)
    return failed(
      130,
      `interrupted: run ${run} is unfinished; go on with ha-deploy resume, or ha-deploy abort`,
    )
  tidy(session.stateFolder, run)
  const table = endTable(rollout.plan, rollout.hosts)
  if (terminal.json)
    terminal.out(
      `${JSON.stringify({ t: new Date().toISOString(), run, step: 'end', status: exit === 0 ? 'ok' : 'failed', exit, hosts: table.records, detail: rollout.fault ?? '' })}\n`,
    )
  else terminal.out(`${table.lines.join('\n')}\n`)
  return { exit, error: rollout.fault }
}

function describeOpen({ run, replayed }: Known): string {
  if ('reason' in replayed) return `the journal of run ${run} cannot be followed: ${replayed.reason}`
  const { owed } = replayed.rollout
  const where = owed.map(({ host, step }) => `${host ?? 'run'}:${step}`).join(' ')
  return `run ${run} of ${replayed.startedAt} is unfinished at ${where || 'its start'}: ha-deploy resume or ha-deploy abort`
}

export const resume = (input: CommandInput): Promise<Answer> => goOn(input, 'resume')
export const abort = (input: CommandInput): Promise<Answer> => goOn(input, 'abort')

async function goOn(input: CommandInput, how: 'resume' | 'abort'): Promise<Answer> {
  const { session, terminal, call } = input
  const open = unfinishedRun(session.stateFolder)
  if (open === null) return { exit: 0, error: 'there is no unfinished run' }
  const { replayed, run } = open
  if ('reason' in replayed) return failed(1, describeOpen(open))
  const { rollout } = replayed
  const gone = rollout.plan.hosts.find(name => !session.shells.has(name))
  if (gone !== undefined)
    return failed(2, `run ${run} is about host ${gone}, which ${session.config.file} no longer names`)
  if (call.dryRun) {
    terminal.out(`${describeOpen(open)}\n`)
    return DONE
  }
  const message = `${how} of ${rollout.plan.kind}`
  if (!rollout.plan.skips.includes('drain')) {
    const fault = await session.drain.prepare(session.config.hosts.flatMap(host => host.real))
    if (fault !== null) return failed(4, fault)
  }
  return underLocks(input, rollout.plan.hosts, run, message, async () => {
    const journal = new JournalFile(session.stateFolder, run)
    const driving = driver(input, rollout, journal, new Reporter(terminal, run))
    if (rollout.isEnded) return finish(input, driving, journal, rollout.ending)
    const isNew = rollout.takes({ kind: 'start' })
    const first = isNew ? feed(driving, { kind: 'start' }) : rollout.owed
    if (how === 'resume') return finish(input, driving, journal, first)
    return finish(input, driving, journal, feed(driving, { kind: 'abort' }))
  })
}

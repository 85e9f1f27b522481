/** The commands that move releases: run, publish, rollback. Everything that can be refused is refused before a change. */
import { resolve } from 'node:path'
import { type Entry, JOURNAL_VERSION } from '../codec/journal.js'
import { Rollout } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import { describePlan } from '../plan/describe.js'
import { isView } from '../plan/director-view.js'
import { expectedWait } from '../plan/expected-wait.js'
import { type Intent, inOrder, makePlan, type Views } from '../plan/make-plan.js'
import { type HostView, isReleaseId, releaseId } from '../plan/releases.js'
import { ADOPT } from '../plan/scripts.js'
import { keepsClients, requiredText } from '../plan/templates.js'
import { DONE, driver, failed, finish, underLocks } from './carry-out.js'
import type { Answer, CommandInput } from './command.js'
import { feed } from './drive.js'
import { failoverUnderWay } from './failover.js'
import { Hooks } from './hooks.js'
import { archivePath, JournalFile, unfinishedRun } from './journal-file.js'
import { Reporter } from './report.js'
import { deployTo, gateFault, inspect, type Session } from './session.js'
import { stage } from './stage.js'
import { describeOpen } from './unfinished.js'

export const release = (input: CommandInput): Promise<Answer> =>
  begin(input, intentOf(input, 'release', input.call.release))

export const publish = (input: CommandInput): Promise<Answer> =>
  begin(input, intentOf(input, 'publish', null))

export const rollback = (input: CommandInput): Promise<Answer> =>
  begin(input, intentOf(input, 'rollback', input.call.to))

export const planned = (input: CommandInput): Promise<Answer> =>
  release({ ...input, call: { ...input.call, dryRun: true } })

function intentOf({ call, session }: CommandInput, kind: Intent['kind'], release: string | null): Intent {
  const names = session.config.hosts.map(host => host.name)
  const hosts = names.filter(name => call.hosts.length === 0 || call.hosts.includes(name))
  return { kind, hosts, release, label: call.label, fast: kind === 'rollback' && call.fast }
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
    const fault =
      (await session.drain.prepare(
        session.config.hosts.flatMap(host => host.real),
        'all',
      )) ??
      (call.dryRun ? null : await failoverUnderWay(session.directors, session.config.ssh.timeout * 1000))
    if (fault !== null) return failed(4, fault)
    const unfit = gateFault(session)
    if (unfit !== null) return failed(2, unfit)
    const sticky = await stickyDirector(session)
    if (sticky !== null) return failed(4, sticky)
  }
  const chosen = session.config.hosts.filter(({ name }) => intent.hosts.includes(name))
  const hosts = inOrder(chosen, session.config.deploy.order, session.drain.weights())
  const plan = makePlan(session.config.deploy, { ...intent, hosts }, views, {
    run: runId,
    startedAt: input.startedAt,
  })
  if (typeof plan === 'string') return failed(4, plan)
  if (call.dryRun) {
    await showPlan(input, plan)
    return DONE
  }
  if (!(await isWanted(input, plan))) return failed(130, 'nothing was changed')
  const order = { hosts: plan.hosts, run: runId, message: intent.kind, lenient: false }
  return underLocks(input, order, async locked => {
    const adopted = await adoptFolders(locked, views)
    if (adopted !== null) return failed(4, adopted)
    return start(locked, plan, views)
  })
}

/** expire_template = require: whoever would keep its clients is refused before anything is uploaded. */
async function stickyDirector({ config, drain }: Session): Promise<string | null> {
  if (config.drain.expire_template !== 'require') return null
  const readings = await drain.read(config.hosts.flatMap(host => host.real))
  const sticky = readings.filter(isView).find(keepsClients)
  return sticky === undefined ? null : requiredText(sticky)
}

async function lookAtHosts(input: CommandInput, names: readonly string[]): Promise<Views | string> {
  const found = await Promise.all(
    names.map(async name => [name, await inspect(input.session, name)] as const),
  )
  const views = new Map<string, HostView>()
  for (const [name, view] of found) {
    if ('why' in view) return view.why.startsWith('ssh') ? view.why : `${name}: ${view.why}`
    const to = deployTo(input.session, name)
    if (view.isDirectory && !input.call.adopt)
      return `${name}: ${to}/current is a directory; with --adopt it becomes a release and current a link to it`
    if (view.exists && !view.isWritable) return `${name}: ${to} cannot be written`
    views.set(name, view)
  }
  return views
}

/** Who sits at a terminal sees what a release will do before it begins. A rollback must not wait. */
async function isWanted(input: CommandInput, plan: RunPlan): Promise<boolean> {
  const { io, call, terminal } = input
  if (plan.kind !== 'release' || io.ask === null || call.yes || terminal.json) return true
  await showPlan(input, plan)
  return io.ask('Go on?')
}

async function showPlan({ session, terminal }: CommandInput, plan: RunPlan): Promise<void> {
  const { config, drain } = session
  const chosen = config.hosts.filter(({ name }) => plan.hosts.includes(name))
  const drains = !plan.skips.includes('drain') && plan.until === 'end'
  const readings = drains ? await drain.read(chosen.flatMap(({ real }) => real)) : []
  const waits = new Map(
    chosen.map(({ name, real }) => [name, drains ? expectedWait(readings, real, config) : '']),
  )
  terminal.out(
    terminal.json
      ? `${JSON.stringify({ ...plan, drain: drains ? drain.method : null, waits: Object.fromEntries(waits) })}\n`
      : `${describePlan(plan, config, drain.method, waits).join('\n')}\n`,
  )
}

async function adoptFolders(
  { session, startedAt, runId, call }: CommandInput,
  views: Views,
): Promise<string | null> {
  if (!call.adopt) return null
  const { ssh } = session.config
  for (const [name, view] of views) {
    if (!view.isDirectory) continue
    const id = releaseId(new Date(Date.parse(startedAt) - 1_000).toISOString(), 'adopted')
    const state = { id, run: runId, digest: null, state: 'good', times: { good: startedAt } }
    const result = await session.shells
      .get(name)!
      .run(ADOPT, [deployTo(session, name), id, JSON.stringify(state)], ssh.timeout * 1000)
    if (!result.ok) return `${name}: ${result.why}`
  }
  return null
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

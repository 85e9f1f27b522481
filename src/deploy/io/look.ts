/** The commands that show, and those that keep house: status, releases, prune, lock, unlock, history. */
import { setTimeout as delay } from 'node:timers/promises'
import { columns } from '../plan/columns.js'
import { entriesOf } from '../plan/director-view.js'
import { type HostView, prunable, rollbackTarget } from '../plan/releases.js'
import { PRUNE, UNLOCK } from '../plan/scripts.js'
import type { Answer, CommandInput } from './command.js'
import { readJournals, unfinishedRun } from './journal-file.js'
import { BY_HAND, describeLock, readLock, takeLocks } from './locks.js'
import { deployTo, inspect } from './session.js'

const DONE: Answer = { exit: 0, error: null }
const CLEAR_SCREEN = '\x1b[H\x1b[2J'
const WATCH_MS = 1_000
const PRUNE_MS_MAX = 600_000

type Seen = readonly [name: string, view: HostView | { readonly why: string }]

async function lookAll({ session, call }: CommandInput): Promise<Seen[]> {
  const names = session.config.hosts.map(host => host.name)
  const wanted = names.filter(name => call.hosts.length === 0 || call.hosts.includes(name))
  return Promise.all(wanted.map(async name => [name, await inspect(session, name)] as const))
}

function show(
  { terminal }: CommandInput,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  if (!terminal.json) {
    terminal.out(`${columns([head, ...rows]).join('\n')}\n`)
    return
  }
  for (const row of rows)
    terminal.out(`${JSON.stringify(Object.fromEntries(head.map((name, at) => [name, row[at] ?? ''])))}\n`)
}

/** With --watch again and again until it is interrupted; what one look finds is its answer then too. */
export async function status(input: CommandInput): Promise<Answer> {
  const { call, terminal, io } = input
  if (!call.watch) return statusOnce(input)
  for (;;) {
    if (terminal.isTerminal) terminal.out(CLEAR_SCREEN)
    const { error } = await statusOnce(input)
    if (error !== null) io.err(`ha-deploy: ${error}\n`)
    await delay(WATCH_MS, undefined, { signal: io.stopping }).catch(() => {})
    if (io.stopping.aborted) return DONE
  }
}

async function statusOnce(input: CommandInput): Promise<Answer> {
  const { session } = input
  const { config, drain, stateFolder } = session
  const open = unfinishedRun(stateFolder)
  const owed = open !== null && 'rollout' in open.replayed ? open.replayed.rollout.owed : []
  const readings = await drain.read(config.hosts.flatMap(host => host.real))
  const rows = (await lookAll(input)).flatMap(([name, view]) => {
    const reals = config.hosts.find(host => host.name === name)!.real
    const release = 'why' in view ? `? ${view.why}` : (view.current ?? view.link ?? '-')
    const step = owed.find(({ host }) => host === name)?.step ?? '-'
    const entries = readings.flatMap(reading =>
      'reals' in reading
        ? reals.flatMap(real =>
            entriesOf(reading, real, config.director.virtuals).map(entry => ({ reading, entry })),
          )
        : [],
    )
    if (entries.length === 0) return [[name, release, '-', '-', '-', '-', step]]
    return entries.map(({ reading, entry }) => [
      name,
      release,
      reading.director,
      entry.virtual,
      String(entry.weight),
      String(entry.active),
      step,
    ])
  })
  show(input, ['host', 'release', 'director', 'virtual', 'weight', 'active', 'step'], rows)
  const lost = readings.find(reading => 'unreachable' in reading)
  if (open !== null)
    return { exit: 8, error: `run ${open.run} is unfinished: ha-deploy resume or ha-deploy abort` }
  return lost === undefined ? DONE : { exit: 4, error: `${lost.director}: ${lost.unreachable}` }
}

export async function releases(input: CommandInput): Promise<Answer> {
  const rows = (await lookAll(input)).flatMap(([name, view]) => {
    if ('why' in view) return [[name, '-', 'unknown', view.why]]
    const previous = rollbackTarget(view)
    return view.releases.map(({ id, state, times }) => {
      const marks = [
        state,
        ...(id === view.current ? ['current'] : []),
        ...(id === previous ? ['previous'] : []),
      ]
      return [name, id, marks.join(', '), times[state] ?? '']
    })
  })
  show(input, ['host', 'release', 'state', 'since'], rows)
  return DONE
}

export async function prune(input: CommandInput): Promise<Answer> {
  const { session, call, terminal, runId } = input
  const { deploy } = session.config
  const seen = await lookAll(input)
  const open = unfinishedRun(session.stateFolder)
  if (open !== null && !call.dryRun)
    return { exit: 8, error: `run ${open.run} is unfinished: ha-deploy resume or ha-deploy abort` }
  const work = seen.map(([name, view]) => ({
    name,
    ids: 'why' in view ? [] : prunable(view, deploy.keep),
  }))
  if (call.dryRun) {
    for (const { name, ids } of work) for (const id of ids) terminal.out(`${name} would lose ${id}\n`)
    return DONE
  }
  await session.drain.prepare([], 'some')
  const taken = await takeLocks(
    session,
    work.map(({ name }) => name),
    runId,
    'prune',
    false,
  )
  if (taken.kind === 'held') return { exit: 3, error: `locked on ${taken.where} by ${taken.by}` }
  if (taken.kind === 'failed') return { exit: 4, error: taken.why }
  const faults: string[] = []
  for (const { name, ids } of work) {
    if (ids.length === 0) continue
    const result = await session.shells.get(name)!.run(PRUNE, [deployTo(session, name), ...ids], PRUNE_MS_MAX)
    for (const line of result.stdout.split('\n')) if (line !== '') terminal.out(`${name} ${line}\n`)
    if (!result.ok) faults.push(`${name}: ${result.why}`)
  }
  await taken.locks.release()
  return faults.length === 0 ? DONE : { exit: 4, error: faults.join('; ') }
}

export async function giveLock({ session, call }: CommandInput): Promise<Answer> {
  const fault = await session.drain.prepare([], 'all')
  if (fault !== null) return { exit: 4, error: fault }
  const names = session.config.hosts.map(host => host.name)
  const taken = await takeLocks(session, names, BY_HAND, call.message || 'locked by hand', false)
  if (taken.kind === 'held') return { exit: 3, error: `locked on ${taken.where} by ${taken.by}` }
  return taken.kind === 'failed' ? { exit: 4, error: taken.why } : DONE
}

/** Without --force only a lock of `ha-deploy lock`: that of a run belongs to resume and abort. */
export async function takeAwayLock({ session, call }: CommandInput): Promise<Answer> {
  const { ssh } = session.config
  await session.drain.prepare([], 'some')
  const places = [
    ...session.config.hosts.map(({ name }) => ({
      shell: session.shells.get(name)!,
      folder: deployTo(session, name),
    })),
    ...session.drain.lockPlaces(),
  ]
  const faults: string[] = []
  for (const { shell, folder } of places) {
    const result = await shell.run(UNLOCK, [folder, call.force ? '' : BY_HAND], ssh.timeout * 1000)
    if (!result.ok) faults.push(`${shell.name}: ${result.why}`)
  }
  if (faults.length > 0) return { exit: 4, error: faults.join('; ') }
  for (const { name } of session.config.hosts) {
    const view = await inspect(session, name)
    if (!('why' in view) && view.lock !== null)
      return {
        exit: 3,
        error: `${name} is still locked by ${describeLock(readLock(view.lock))}; --force takes it away`,
      }
  }
  return DONE
}

export async function history(input: CommandInput): Promise<Answer> {
  const rows = readJournals(input.session.stateFolder).map(({ run, replayed }) => {
    if ('reason' in replayed) return [run, '-', '-', replayed.reason, '-']
    const { plan, hosts } = replayed.rollout
    const fates = hosts.map(({ name, at }) => `${name}:${at}`).join(' ')
    return [run, plan.kind, plan.release, fates, replayed.isClosed ? 'ended' : 'unfinished']
  })
  show(input, ['run', 'kind', 'release', 'hosts', 'state'], rows)
  return DONE
}

/** What every run has in common once its plan is made: locks around it, the loop inside, and the table at its end. */
import type { Rollout } from '../core/rollout.js'
import { endTable } from '../plan/end-table.js'
import { stepSpans } from '../plan/step-spans.js'
import type { Answer, CommandInput } from './command.js'
import { type Driving, drive } from './drive.js'
import { Hooks } from './hooks.js'
import { archivePath, type JournalFile, readEntries, tidy } from './journal-file.js'
import { takeLock } from './local-lock.js'
import { takeLocks } from './locks.js'
import { Performer } from './perform.js'
import type { Reporter } from './report.js'

export const DONE: Answer = { exit: 0, error: null }
export const failed = (exit: number, error: string): Answer => ({ exit, error })

/**
 * `act` runs while this machine, every host and every director know that it does. A run whose lock somebody else has
 * taken stops as if it were interrupted: two runs never mix.
 */
export async function underLocks(
  input: CommandInput,
  { hosts, run, message, lenient }: LockOrder,
  act: (input: CommandInput) => Promise<Answer>,
): Promise<Answer> {
  const { session, startedAt, io } = input
  const local = takeLock(`${session.stateFolder}/lock`, run, startedAt)
  if (typeof local !== 'function')
    return failed(3, `locked on this machine by run ${local.run} (pid ${local.pid}) since ${local.since}`)
  const usurped = new AbortController()
  let lost: string | null = null
  try {
    const taken = await takeLocks(session, hosts, run, message, lenient)
    if (taken.kind === 'held') return failed(3, `locked on ${taken.where} by ${taken.by}`)
    if (taken.kind === 'failed') return failed(4, taken.why)
    const onLost = (sentence: string): void => {
      lost = sentence
      usurped.abort()
    }
    taken.locks.keep(onLost, async () => {
      const why = await session.drain.renew(run)
      if (why !== null) io.err(`ha-deploy: the drains could not be renewed: ${why}\n`)
    })
    const stopping = AbortSignal.any([io.stopping, usurped.signal])
    const answer = await act({ ...input, io: { ...io, stopping } })
    // An interrupted run keeps its locks: until it was resumed or given up nobody else may start.
    if (answer.exit !== 130) await taken.locks.release()
    else if (lost !== null) return failed(3, `${lost}; ${answer.error}`)
    return answer
  } finally {
    local()
  }
}

export interface LockOrder {
  readonly hosts: readonly string[]
  readonly run: string
  readonly message: string
  /** Whether places that cannot be reached are left out. */
  readonly lenient: boolean
}

/** The machine of a run with hands and a journal. */
export function driver(
  input: CommandInput,
  rollout: Rollout,
  journal: JournalFile,
  reporter: Reporter,
): Driving {
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

/** Drives it to its end, and says what became of each host. */
export async function finish(
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
  const table = endTable(
    rollout.plan,
    rollout.hosts,
    stepSpans(readEntries(session.stateFolder, run), Date.parse),
  )
  if (terminal.json)
    terminal.out(
      `${JSON.stringify({ t: new Date().toISOString(), run, step: 'end', status: exit === 0 ? 'ok' : 'failed', exit, hosts: table.records, detail: rollout.fault ?? '' })}\n`,
    )
  else terminal.out(`${table.lines.join('\n')}\n`)
  return { exit, error: rollout.fault }
}

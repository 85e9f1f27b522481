/** A run that was interrupted: what it is, going on with it, and giving it up. */
import type { Rollout } from '../core/rollout.js'
import { NEEDS_WEIGHT_ZERO } from '../core/steps.js'
import { DONE, driver, failed, finish, underLocks } from './carry-out.js'
import type { Answer, CommandInput } from './command.js'
import { feed } from './drive.js'
import { JournalFile, type Known, unfinishedRun } from './journal-file.js'
import { Reporter } from './report.js'
import type { Session } from './session.js'

export function describeOpen({ run, replayed }: Known): string {
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
    const fault = await session.drain.prepare(
      session.config.hosts.flatMap(host => host.real),
      'some',
    )
    if (fault !== null) return failed(4, fault)
  }
  const order = { hosts: rollout.plan.hosts, run, message, lenient: true }
  return underLocks(input, order, async locked => {
    const journal = new JournalFile(session.stateFolder, run)
    const driving = driver(locked, rollout, journal, new Reporter(terminal, run))
    if (rollout.isEnded) return finish(locked, driving, journal, rollout.ending)
    const isNew = rollout.takes({ kind: 'start' })
    const first = isNew ? feed(driving, { kind: 'start' }) : rollout.owed
    for (const name of atWeightZero(rollout)) {
      const why = await holdAgain(session, name, run)
      if (why !== null) return failed(4, `${name}: ${why}`)
    }
    if (how === 'resume') return finish(locked, driving, journal, first)
    return finish(locked, driving, journal, feed(driving, { kind: 'abort' }))
  })
}

/** Hosts whose next step must not meet clients. */
const atWeightZero = ({ owed, plan }: Rollout): string[] =>
  plan.skips.includes('drain')
    ? []
    : owed.flatMap(({ host, step }) => (host !== null && NEEDS_WEIGHT_ZERO.has(step) ? [host] : []))

/** The drain of a run that was away for long has ended by itself: it begins again before anything else does. */
async function holdAgain({ config, drain }: Session, name: string, run: string): Promise<string | null> {
  const { real } = config.hosts.find(host => host.name === name)!
  return drain.set(real, { run, time: new Date().toISOString(), reason: 'goes on' })
}

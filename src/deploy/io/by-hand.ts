/** `ha-deploy drain HOST` and `undrain HOST`: the mechanism of a run, by hand. */
import { isLost } from '../plan/director-view.js'
import { SHOW_LOCK } from '../plan/scripts.js'
import type { Answer, CommandInput } from './command.js'
import { waitDrained } from './drain-wait.js'
import { describeLock, readLock } from './locks.js'
import type { Session } from './session.js'

/** The weight of a host that a run works on is the run's. The directors know: a host that is dead need not be asked. */
async function whoIsAtWork({ drain, config }: Session, name: string): Promise<Answer | null> {
  await drain.prepare([], 'some')
  const said = await Promise.all(
    drain.lockPlaces().map(({ shell, folder }) => shell.run(SHOW_LOCK, [folder], config.ssh.timeout * 1000)),
  )
  const locks = said.filter(({ stdout }) => stdout !== '').map(({ stdout }) => readLock(stdout))
  const lock = locks.find(found => found?.hosts?.includes(name) === true)
  return lock ? { exit: 3, error: `${name} is in the hands of ${describeLock(lock)}` } : null
}

const DONE: Answer = { exit: 0, error: null }

export async function drainByHand({
  session,
  call,
  runId,
  startedAt,
  terminal,
  io,
}: CommandInput): Promise<Answer> {
  const host = session.config.hosts.find(({ name }) => name === call.hosts[0])!
  const { drain, config } = session
  const busy = await whoIsAtWork(session, host.name)
  if (busy !== null) return busy
  const fault = await drain.prepare(host.real, 'some')
  if (fault !== null) return { exit: 4, error: fault }
  if (call.dryRun) {
    terminal.out(`${host.name}: weight 0 for ${host.real.join(' ')} by ${drain.method}\n`)
    return DONE
  }
  const set = (): Promise<string | null> =>
    drain.set(host.real, {
      run: runId,
      time: startedAt,
      reason: call.reason || 'by hand',
      lasts: call.seconds === null ? 'forever' : { seconds: call.seconds },
    })
  const refused = await set()
  if (refused !== null) return { exit: 4, error: refused }
  for (const reading of await drain.read(host.real))
    if (isLost(reading)) io.err(`ha-deploy: ${reading.director} was not told: ${reading.unreachable}\n`)
  if (!call.wait) return DONE
  let said = ''
  const { state, progress } = await waitDrained(drain, host.real, config, io.stopping, set, ({ why }) => {
    if (why !== said) terminal.out(`${host.name} drain ${why}\n`)
    said = why
  })
  if (state === 'drained') return DONE
  if (state === 'interrupted') return { exit: 130, error: `interrupted: ${host.name} stays at weight 0` }
  return { exit: 4, error: `not drained within ${config.drain.max} s: ${progress.why}` }
}

export async function undrainByHand({ session, call, terminal }: CommandInput): Promise<Answer> {
  const host = session.config.hosts.find(({ name }) => name === call.hosts[0])!
  if (call.dryRun) {
    terminal.out(`${host.name}: the drain of ${host.real.join(' ')} would end\n`)
    return DONE
  }
  const busy = await whoIsAtWork(session, host.name)
  if (busy !== null) return busy
  const cleared = await session.drain.clear(host.real)
  if (cleared.left.length === 0) return DONE
  return { exit: 4, error: cleared.why ?? `still drained on ${cleared.left.join(', ')}` }
}

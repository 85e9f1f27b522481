/** `ha-deploy drain HOST` and `undrain HOST`: the mechanism of a run, by hand. */
import type { Answer, CommandInput } from './commands.js'
import { waitDrained } from './drain-wait.js'

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
  const fault = await drain.prepare(host.real)
  if (fault !== null) return { exit: 4, error: fault }
  if (call.dryRun) {
    terminal.out(`${host.name}: weight 0 for ${host.real.join(' ')} by ${drain.method}\n`)
    return DONE
  }
  const refused = await drain.set(host.real, {
    run: runId,
    time: startedAt,
    reason: call.reason || 'by hand',
    lasts: call.seconds === null ? 'forever' : { seconds: call.seconds },
  })
  if (refused !== null) return { exit: 4, error: refused }
  if (!call.wait) return DONE
  let said = ''
  const { state, progress } = await waitDrained(drain, host.real, config, io.stopping, ({ why }) => {
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
  const cleared = await session.drain.clear(host.real)
  if (cleared.left.length === 0) return DONE
  return { exit: 4, error: cleared.why ?? `still drained on ${cleared.left.join(', ')}` }
}

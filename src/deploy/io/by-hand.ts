/** `ha-deploy drain HOST` and `undrain HOST`: the mechanism of a run, by hand. */
import { setTimeout as delay } from 'node:timers/promises'
import { nowMs } from '../../base/io/real-clock.js'
import { assessDrain } from '../core/drain.js'
import type { Answer, CommandInput } from './commands.js'

const LOOK_EVERY_MS = 500

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
    return { exit: 0, error: null }
  }
  const refused = await drain.set(host.real, {
    run: runId,
    time: startedAt,
    reason: call.reason || 'by hand',
  })
  if (refused !== null) return { exit: 4, error: refused }
  if (!call.wait) return { exit: 0, error: null }
  const rule = {
    waitPersistentSeconds: config.drain.wait_persistent,
    waitShortSeconds: config.drain.wait_short,
    activeConn: config.drain.active_conn,
    virtuals: config.director.virtuals,
  }
  const startMs = nowMs()
  let zeroSinceMs: number | null = null
  let said = ''
  for (;;) {
    const progress = assessDrain(
      await drain.read(host.real),
      host.real,
      rule,
      zeroSinceMs === null ? 0 : (nowMs() - zeroSinceMs) / 1000,
    )
    zeroSinceMs = progress.isZero ? (zeroSinceMs ?? nowMs()) : null
    if (progress.state === 'drained') return { exit: 0, error: null }
    if (progress.why !== said) terminal.out(`${host.name} drain ${progress.why}\n`)
    said = progress.why
    if (nowMs() - startMs > config.drain.max * 1000)
      return { exit: 4, error: `not drained within ${config.drain.max} s: ${progress.why}` }
    if (io.stopping.aborted) return { exit: 130, error: `interrupted: ${host.name} stays at weight 0` }
    await delay(LOOK_EVERY_MS)
  }
}

export async function undrainByHand({ session, call, terminal }: CommandInput): Promise<Answer> {
  const host = session.config.hosts.find(({ name }) => name === call.hosts[0])!
  if (call.dryRun) {
    terminal.out(`${host.name}: the mark of ${host.real.join(' ')} would be taken away\n`)
    return { exit: 0, error: null }
  }
  const cleared = await session.drain.clear(host.real)
  if (cleared.left.length === 0) return { exit: 0, error: null }
  return { exit: 4, error: cleared.why ?? `still drained on ${cleared.left.join(', ')}` }
}

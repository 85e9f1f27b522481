/** The steps that are about the directors and no single host: what they bear, and how they treat templates. */
import { nowMs } from '../../base/io/real-clock.js'
import { capacity } from '../plan/capacity.js'
import { isLost, isView } from '../plan/director-view.js'
import { missingHeir } from '../plan/heir.js'
import { TUNE } from '../plan/scripts.js'
import { keepsClients, requiredText } from '../plan/templates.js'
import { failoverUnderWay } from './failover.js'
import { DONE, failure, LOOK_EVERY_MS, type Outcome, pause, type RunContext } from './run-context.js'

/** Which of the wanted hosts may be drained together. */
export async function judgeCapacity(context: RunContext, wanted: readonly string[]): Promise<Outcome> {
  const { config, drain } = context
  const realsOf = new Map(config.hosts.map(host => [host.name, host.real]))
  const reals = wanted.flatMap(host => realsOf.get(host) ?? [])
  // No director may list anything in the moment of a failover.
  let last = failure('no director lists a virtual service')
  const untilMs = nowMs() + config.health.timeout * 1000
  while (nowMs() < untilMs && !context.stopping.aborted) {
    const fault = await drain.prepare(reals, 'some')
    if (fault !== null) return failure(fault)
    const moving = await failoverUnderWay(context.directors, config.ssh.timeout * 1000)
    if (moving !== null) {
      last = failure(moving)
      await pause(context, LOOK_EVERY_MS * 2)
      continue
    }
    const readings = await drain.read(reals)
    const missing = missingHeir(readings, reals, config.director.virtuals)
    const views = missing === null ? readings.filter(isView).filter(view => view.reals.length > 0) : []
    const judged = views.map(view =>
      capacity(view, wanted, realsOf, drain.weights(), config.deploy.min_up, config.director.virtuals),
    )
    const [worst] = judged.sort((a, b) => a.allowed.length - b.allowed.length)
    if (worst !== undefined && worst.allowed.length > 0) return { ...DONE, data: { allowed: worst.allowed } }
    const lost = readings.find(isLost)
    const unseen = lost === undefined ? last.why : `${lost.director}: ${lost.unreachable}`
    last = failure(missing ?? worst?.why ?? unseen)
    await pause(context, LOOK_EVERY_MS * 2)
  }
  return last
}

export async function readTuning({ config, drain, say }: RunContext): Promise<Outcome> {
  const readings = await drain.read(config.hosts.flatMap(host => host.real))
  const tuning: Record<string, string> = {}
  for (const view of readings) {
    if (isLost(view) || !keepsClients(view)) continue
    if (config.drain.expire_template === 'require') return failure(requiredText(view))
    if (config.drain.expire_template === 'never') continue
    tuning[view.director] = '0'
    const detail = `${view.director}: net.ipv4.vs.expire_quiescent_template 0→1 for all virtual services there until the end of the run`
    say({ host: null, virtual: null, step: 'tune', status: 'progress', detail })
  }
  return { ...DONE, data: { tuning } }
}

/** Sets what readTuning found; `value` says to what for each director. */
export async function tune(
  { directors, tuning, config }: RunContext,
  value: (director: string) => string | null,
): Promise<Outcome> {
  const faults: string[] = []
  for (const director of directors) {
    if (tuning()[director.name] === undefined) continue
    const wanted = value(director.name)
    if (wanted === null) continue
    const result = await director.run(TUNE, [wanted], config.ssh.timeout * 1000)
    if (!result.ok) faults.push(`${director.name}: net.ipv4.vs.expire_quiescent_template: ${result.why}`)
  }
  return faults.length === 0 ? DONE : failure(faults.join('; '))
}

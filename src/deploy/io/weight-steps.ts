/** The steps that take a host's weight away and give it back. */
import { nowMs } from '../../base/io/real-clock.js'
import { assessDrain, type DrainProgress } from '../core/drain.js'
import { climb } from '../plan/climb.js'
import { entriesOf, isView, type Reading } from '../plan/director-view.js'
import { drainRule, waitDrained } from './drain-wait.js'
import { hostHook } from './hook-steps.js'
import { dropClients } from './kill-clients.js'
import {
  DONE,
  failure,
  type HostAtWork,
  isoNow,
  LOOK_EVERY_MS,
  type Outcome,
  pause,
  type RunContext,
  until,
} from './run-context.js'

const SAY_EVERY_MS = 5_000

/** `late`: what happens when clients are left in the end; `proceed` on the way back from a release that is undone. */
export async function drainHost(
  context: RunContext,
  host: HostAtWork,
  late: 'wait' | 'proceed',
): Promise<Outcome> {
  const { config, drain, plan } = context
  const { real } = host.config
  const set = (): Promise<string | null> =>
    drain.set(real, { run: plan.run, time: isoNow(), reason: `release ${plan.release}` })
  const fault = await set()
  if (fault !== null) return failure(fault)
  let saidMs = Number.NEGATIVE_INFINITY
  const { state, progress } = await waitDrained(drain, real, config, context.stopping, set, seen => {
    if (nowMs() - saidMs < SAY_EVERY_MS) return
    saidMs = nowMs()
    sayDrain(context, host, seen)
  })
  if (state === 'interrupted') return failure('interrupted')
  for (const detail of progress.without)
    context.say({ host: host.name, virtual: null, step: 'drain', status: 'warning', detail })
  if (state === 'late' && late === 'wait') {
    const why = await settleLate(context, host, progress)
    if (why !== null) return failure(`not drained within ${config.drain.max} s: ${why}`)
  }
  return late === 'proceed' ? DONE : hostHook(context, host, 'on_drained', 'current')
}

function sayDrain({ say }: RunContext, host: HostAtWork, progress: DrainProgress): void {
  const tell = (virtual: string | null, detail: string): void =>
    say({ host: host.name, virtual, step: 'drain', status: 'progress', detail })
  if (progress.virtuals.length === 0) tell(null, progress.why)
  for (const shown of progress.virtuals) {
    const { director, virtual, weight, weightInFile, active, templates, waitSeconds } = shown
    const was = weightInFile === null || weightInFile === weight ? '' : `${weightInFile}→`
    const wait = waitSeconds === null ? 'wait until they close' : `wait≈${Math.ceil(waitSeconds)}s`
    tell(virtual, `weight ${was}${weight} active ${active} templates ${templates} ${wait} (${director})`)
  }
}

/** null: the run goes on without the clients that are left; else why not. */
async function settleLate(
  context: RunContext,
  host: HostAtWork,
  progress: DrainProgress,
): Promise<string | null> {
  const { config, ask } = context
  // Clients may be dropped when the administrator said so; a weight above 0 would be new ones.
  if (!progress.isZero) return progress.why
  switch (config.drain.on_timeout) {
    case 'proceed':
      return null
    case 'kill':
      return dropClients(context, host)
    case 'stop':
      return progress.why
    case 'ask': {
      const question = `${host.name} is not drained after ${config.drain.max} s (${progress.why}). Drop who is left and go on?`
      return ask !== null && (await ask(question)) ? null : progress.why
    }
  }
}

/** Weight 0 now and until somebody ends it; clients are not waited for. */
export async function quiesce(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { drain, plan, config } = context
  const { real } = host.config
  const reason = `release ${plan.release} failed`
  const fault = await drain.set(real, { run: plan.run, time: isoNow(), reason, lasts: 'forever' })
  if (fault !== null) return failure(fault)
  return until(context, config.health.timeout * 1000, async () => {
    const progress = assessDrain(await drain.read(real), real, drainRule(config), 0)
    return progress.isZero ? null : progress.why
  })
}

/** Nothing was switched: the host gets back what it had, which is no weight where an administrator took it out. */
export async function release(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const cleared = await context.drain.clear(host.config.real)
  if (!cleared.isForeign) return rejoin(context, host)
  const detail = `stays out of service: ${cleared.why ?? `on ${cleared.left.join(', ')}`}`
  context.say({ host: host.name, virtual: null, step: 'release', status: 'warning', detail })
  return DONE
}

/** The drain ends; ldirectord gives the weight back once its own check passes. */
export async function rejoin(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { drain, config, say } = context
  const { real } = host.config
  if (config.health.slow_start > 0) {
    const climbed = await riseSlowly(context, host)
    if (!climbed.ok) return climbed
  }
  const cleared = await drain.clear(real)
  if (cleared.why !== null) return failure(cleared.why)
  if (cleared.left.length > 0) {
    const detail = `still drained on ${cleared.left.join(', ')}: run ha-deploy undrain ${host.name} when it is back`
    say({ host: host.name, virtual: null, step: 'rejoin', status: 'warning', detail })
  }
  return until(context, config.health.timeout * 1000, async () =>
    lacksWeight(context, host, await drain.read(real)),
  )
}

/** slow_start: the drain is replaced by one that leaves a part of the weight, then a greater part. */
async function riseSlowly(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { drain, config, plan, say } = context
  const { real } = host.config
  const inFile = drain.weights()
  const listed = (await drain.read(real)).filter(isView)
  const entries = listed.flatMap(view =>
    real.flatMap(place => entriesOf(view, place, config.director.virtuals)),
  )
  const known = entries.map(entry => entry.weightInFile ?? inFile.get(entry.real) ?? 1)
  const steps = climb(Math.max(1, ...known), config.health.slow_start)
  for (const { weight, seconds } of steps) {
    const mark = { run: plan.run, time: isoNow(), reason: `slow start of ${plan.release}`, weight }
    const fault = await drain.set(real, mark)
    if (fault !== null) return failure(fault)
    const look = async () => lacksWeight(context, host, await drain.read(real))
    const isUp = await until(context, config.health.timeout * 1000, look)
    if (!isUp.ok) return isUp
    say({
      host: host.name,
      virtual: null,
      step: 'rejoin',
      status: 'progress',
      detail: `weight ${weight} for ${Math.round(seconds * 10) / 10} s`,
    })
    const why = await watchFor(context, seconds * 1000, look)
    if (why !== null) return failure(why)
  }
  return DONE
}

/** null: there was nothing to complain of for so long. */
async function watchFor(
  context: RunContext,
  lengthMs: number,
  look: () => Promise<string | null>,
): Promise<string | null> {
  const untilMs = nowMs() + lengthMs
  for (;;) {
    await pause(context, Math.max(0, Math.min(LOOK_EVERY_MS, untilMs - nowMs())))
    if (context.stopping.aborted) return 'interrupted'
    if (nowMs() >= untilMs) return null
    const why = await look()
    if (why !== null) return why
  }
}

/** null: every director that lists the host gives it a weight. */
export function lacksWeight(
  { config }: RunContext,
  host: HostAtWork,
  readings: readonly Reading[],
): string | null {
  const { virtuals, why } = assessDrain(readings, host.config.real, drainRule(config), 0)
  if (virtuals.length === 0) return why
  const zero = virtuals.find(({ weight }) => weight === 0)
  return zero === undefined
    ? null
    : `${zero.director} ${zero.virtual}: ldirectord leaves it at weight 0, its check does not pass`
}

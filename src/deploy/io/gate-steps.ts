/** The gate before the weight comes back, and the watch at full weight. */
import { nowMs } from '../../base/io/real-clock.js'
import { freshCheck } from '../plan/fresh-check.js'
import { HOOK } from '../plan/scripts.js'
import { type ProbeOnce, pass, probeUrl } from './gate.js'
import { hostHook } from './hook-steps.js'
import {
  DONE,
  failure,
  type HostAtWork,
  LOOK_EVERY_MS,
  type Outcome,
  pause,
  type RunContext,
  until,
} from './run-context.js'
import { lacksWeight } from './weight-steps.js'

/** null: the check of ldirectord alone decides. */
function probeOf({ config }: RunContext, host: HostAtWork, release: string | null): ProbeOnce | null {
  const { health } = config
  if (health.check === 'ldirectord') return null
  if (health.check === 'command') {
    const env = { HA_DEPLOY_HOST: host.name, HA_DEPLOY_RELEASE: release ?? '', HA_DEPLOY_STEP: 'gate' }
    const words = [`${host.config.deploy_to}/current`, health.command!, ...Object.entries(env).flat()]
    return async timeoutMs => {
      const result = await host.shell.run(HOOK, words, Math.max(1, timeoutMs))
      return result.ok ? null : result.why
    }
  }
  const [real = ''] = host.config.real
  const at = real.lastIndexOf(':')
  // Without a release before this one there is no id to compare with.
  const isComparable = release !== null || !health.expect?.includes('{release}')
  const probe = {
    address: real.slice(0, at).replace(/^\[|\]$/g, ''),
    port: health.port ?? Number(real.slice(at + 1)),
    path: health.path,
    virtualhost: health.virtualhost,
    expect: isComparable ? (health.expect?.replaceAll('{release}', release ?? '') ?? null) : null,
    header:
      health.release_header === null || release === null
        ? null
        : { name: health.release_header, value: release },
  }
  return timeoutMs => probeUrl(probe, timeoutMs)
}

export async function gate(context: RunContext, host: HostAtWork, release: string | null): Promise<Outcome> {
  const probe = probeOf(context, host, release)
  if (probe === null) return checkedAgain(context, host)
  const { rise, interval, timeout } = context.config.health
  const why = await pass(probe, { rise, intervalMs: interval * 1000, timeoutMs: timeout * 1000 })
  return why === null ? DONE : failure(why)
}

/**
 * check = ldirectord: a check of its own that began after the switch must pass while the host is still at weight 0,
 * or its weight would come back on the strength of the old release. After a maintenance file it checks anew anyway.
 */
async function checkedAgain(context: RunContext, { config: { real } }: HostAtWork): Promise<Outcome> {
  const { config, drain, plan } = context
  if (plan.skips.includes('drain') || drain.method !== 'weight') return DONE
  const sinceMs = nowMs()
  return until(context, config.health.timeout * 1000, async () => {
    const withinMs = nowMs() - sinceMs
    const states = (await drain.statuses()).map(text => freshCheck(text, real, withinMs))
    const waiting = states.find(state => state.state === 'waiting')
    if (waiting?.state === 'waiting') return waiting.why
    return states.some(({ state }) => state === 'passed') ? null : 'no director forwards to it'
  })
}

export async function watch(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { config, drain, plan, stopping } = context
  const { watch: seconds, interval, rise } = config.health
  const hooked = await hostHook(context, host, 'after_switch', 'current')
  if (!hooked.ok) return hooked
  const untilMs = nowMs() + seconds * 1000
  const probe = probeOf(context, host, plan.release)
  let faults = 0
  while (nowMs() < untilMs) {
    const why = plan.skips.includes('drain')
      ? null
      : lacksWeight(context, host, await drain.read(host.config.real))
    if (why !== null) return failure(why)
    const fault = probe === null ? null : await probe(config.ssh.timeout * 1000)
    faults = fault === null ? 0 : faults + 1
    if (fault !== null && faults >= rise) return failure(`${fault} (${faults} times)`)
    await pause(context, Math.min(Math.max(interval * 1000, LOOK_EVERY_MS), Math.max(0, untilMs - nowMs())))
    if (stopping.aborted) return failure('interrupted')
  }
  return DONE
}

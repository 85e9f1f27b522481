/** Waiting until a host is drained: looks at the directors twice a second until nobody is left or the time is over. */
import { setTimeout as delay } from 'node:timers/promises'
import { nowMs } from '../../base/io/real-clock.js'
import type { DeployConfig } from '../config/directives.js'
import { assessDrain, type DrainProgress, type DrainRule } from '../core/drain.js'
import type { Drain } from './drain.js'

const LOOK_EVERY_MS = 500
/** The first looks come sooner: most drains of ldirectord's own take effect at once. */
const FIRST_LOOK_AFTER_MS = 50
const SET_AGAIN_AFTER_MS = 3_000

export const drainRule = ({ drain, director }: DeployConfig): DrainRule => ({
  waitPersistentSeconds: drain.wait_persistent,
  waitShortSeconds: drain.wait_short,
  activeConn: drain.active_conn,
  virtuals: director.virtuals,
})

export interface Waited {
  readonly state: 'drained' | 'late' | 'interrupted'
  readonly progress: DrainProgress
}

export async function waitDrained(
  drain: Drain,
  reals: readonly string[],
  config: DeployConfig,
  stopping: AbortSignal,
  setAgain: () => Promise<string | null>,
  say: (progress: DrainProgress) => void,
): Promise<Waited> {
  const rule = drainRule(config)
  const startedMs = nowMs()
  let zeroSinceMs: number | null = null
  let setMs = startedMs
  for (let pauseMs = FIRST_LOOK_AFTER_MS; ; pauseMs = Math.min(LOOK_EVERY_MS, pauseMs * 2)) {
    const zeroSeconds = zeroSinceMs === null ? 0 : (nowMs() - zeroSinceMs) / 1000
    const progress = assessDrain(await drain.read(reals), reals, rule, zeroSeconds)
    zeroSinceMs = progress.isZero ? (zeroSinceMs ?? nowMs()) : null
    if (progress.state === 'drained') return { state: 'drained', progress }
    say(progress)
    // A director that was away, or took over without knowing, gets to know; where it knows nothing changes.
    if (!progress.isZero && nowMs() - setMs > SET_AGAIN_AFTER_MS) {
      await setAgain()
      setMs = nowMs()
    }
    if (nowMs() - startedMs > config.drain.max * 1000) return { state: 'late', progress }
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => {})
    if (stopping.aborted) return { state: 'interrupted', progress }
  }
}

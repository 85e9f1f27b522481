/**
 * Announcements of addresses that have moved here: five, 200 ms apart, in the background, as the original does, if not
 * told otherwise. A later stop of the address ends those that are still to come.
 */
import { passing, realClock } from '../base/io/real-clock.js'
import { type AgentContext, ANNOUNCEMENTS } from './agent.js'

/** Addresses of both families differ as texts, so one list serves both. */
const running = new Map<string, AbortController>()

export interface Announcement {
  readonly address: string
  /** The resource that the log names. */
  readonly instance: string
  /** False: this machine has no way to do it. */
  readonly once: () => Promise<boolean>
  /** What then follows, and what to install. */
  readonly otherwise: string
}

/** Starts and returns at once; the promise ends with the last announcement and never rejects. */
export async function announceRepeatedly(announcement: Announcement, context: AgentContext): Promise<void> {
  const { address, instance, once, otherwise } = announcement
  cancelAnnouncements(address)
  const stopping = new AbortController()
  running.set(address, stopping)
  const { clock = realClock } = context
  const { count, everyMs } = context.announcements ?? ANNOUNCEMENTS
  for (let i = 0; i < count && !stopping.signal.aborted; i++) {
    if (i > 0) await passing(clock, everyMs)
    if (stopping.signal.aborted) break
    if (await once()) continue
    context.log('WARNING', instance, `neighbours were not told that ${address} moved here: ${otherwise}`)
    break
  }
  if (running.get(address) === stopping) running.delete(address)
}

/** True when announcements of this address were still under way. */
export function cancelAnnouncements(address: string): boolean {
  const stopping = running.get(address)
  stopping?.abort()
  return running.delete(address)
}

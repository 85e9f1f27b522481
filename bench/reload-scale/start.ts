/** A start on an empty table, until it is complete. */
import { setTimeout as after } from 'node:timers/promises'
import { Contestant, type Kind } from '../scale/contestants.js'
import { monotonicMs, Reals } from '../scale/reals.js'

const POLL_MS = 50
/** The table may still be written after the last real came into service. */
const SETTLE_MS = 500

export interface Started {
  readonly contestant: Contestant
  readonly reals: Reals
  /** null: not within the time it was given. */
  readonly seconds: number | null
  /** How many reals were in service, or for keepalived asked, at the end. */
  readonly done: number
  readonly processes: number
}

export async function start(
  kind: Kind,
  folder: string,
  net: number,
  count: number,
  limitMs: number,
): Promise<Started> {
  const reals = await Reals.open(net, count)
  const contestant = Contestant.start(kind, folder, { net, reals: count })
  const doneNow = async (): Promise<number> =>
    kind === 'keepalived' ? (await reals.look()).asked : contestant.serving()
  let done = 0
  while (done < count && monotonicMs() - contestant.startedMs < limitMs) {
    if (contestant.hasEnded) throw new Error(`${kind} ended: ${contestant.said.slice(-500)}`)
    await after(POLL_MS)
    done = await doneNow()
  }
  const seenMs = monotonicMs()
  await after(SETTLE_MS)
  const calls = contestant.calls()
  const endMs = kind === 'keepalived' ? seenMs : (calls.findLast(isChange)?.atMs ?? seenMs)
  const seconds = done < count ? null : (endMs - contestant.startedMs) / 1000
  return { contestant, reals, seconds, done, processes: calls.length }
}

export const isChange = ({ args }: { readonly args: string }): boolean => !/^-[LS]/.test(args)

export async function stop({ contestant, reals }: Started): Promise<void> {
  await contestant.end()
  reals.close()
}

/**
 * SIGKILL of the owner: from its last heartbeat to the address answering on the survivor with the neighbours told, and
 * the part of it that comes after the verdict.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { ADDRESS, FAST, FASTEST, type Kind, SLOW, type Times, timesText } from '../contestants.js'
import type { NodeIndex, Sighting } from '../frames.js'
import { LogWatch } from '../log-watch.js'
import { other, Pair } from '../pair.js'
import type { Figure } from '../results.js'
import { type Session, sideBySide } from '../session.js'

const LIMIT_MS = 40_000
const KINDS: readonly Kind[] = ['ours', 'original', 'keepalived']

const total = (times: Times): Figure => ({
  name: `kill ${timesText(times)}: last heartbeat to address`,
  unit: 'ms',
  aim:
    times === SLOW
      ? { min: times.deadtimeMs, max: times.deadtimeMs + 200 }
      : { min: times.deadtimeMs, max: times.deadtimeMs + 60 },
})
const afterVerdict: Figure = { name: 'verdict to address', unit: 'ms', aim: { median: 10, max: 60 } }

interface Takeover {
  readonly totalMs: number
  readonly afterVerdictMs: number | null
}

const firstOf = (
  seen: readonly Sighting[],
  kind: Sighting['kind'],
  node: NodeIndex,
  sinceMs: number,
): number | undefined =>
  seen.find(at => at.kind === kind && at.node === node && at.atMs >= sinceMs && isOfService(at))?.atMs

const isOfService = ({ kind, address }: Sighting): boolean =>
  (kind !== 'answer' && kind !== 'announcement') || address === ADDRESS

async function takeover(pair: Pair, owner: NodeIndex): Promise<Takeover> {
  const survivor = other(owner)
  const beats = pair.kind === 'keepalived' ? 'advert' : 'heartbeat'
  const observer = await pair.observe(LIMIT_MS + 10_000)
  const log = pair.kind === 'original' ? new LogWatch(pair.logFile(survivor)) : null
  try {
    await observer.until('a heartbeat', 10_000, seen => firstOf(seen, beats, owner, 0))
    await delay(Math.random() * pair.setting.keepaliveMs)
    const killedMs = await pair.kill(owner)
    const answersMs = await observer.until('the survivor answers and says so', LIMIT_MS, seen => {
      const answer = firstOf(seen, 'answer', survivor, killedMs)
      const announcement = firstOf(seen, 'announcement', survivor, killedMs)
      return answer && announcement && Math.max(answer, announcement)
    })
    const beaten = observer.seen.filter(
      at => at.kind === beats && at.node === owner && at.atMs <= killedMs + 1,
    )
    const verdictMs =
      pair.kind === 'ours'
        ? await pair.verdictMs(survivor, killedMs)
        : pair.kind === 'keepalived'
          ? firstOf(observer.seen, 'advert', survivor, killedMs)
          : log!.timeOf(/node \S+: is dead/)
    return {
      totalMs: answersMs - beaten.at(-1)!.atMs,
      afterVerdictMs: verdictMs == null ? null : answersMs - verdictMs,
    }
  } finally {
    log?.close()
    await observer.close()
  }
}

async function rounds(session: Session, kind: Kind, times: Times, n: number): Promise<void> {
  await session.within(async undoing => {
    const pair = await Pair.up(undoing, kind, times)
    await pair.startBoth()
    for (let round = 1; round <= n; round++) {
      await pair.isSteady(await pair.settled())
      await session.alone(async () => {
        // The turn may come much later; on a busy machine the address may have moved meanwhile.
        const owner = await pair.settled()
        await pair.isSteady(owner)
        const { totalMs, afterVerdictMs } = await takeover(pair, owner)
        session.results.add(total(times), kind, totalMs)
        if (afterVerdictMs !== null) session.results.add(afterVerdict, kind, afterVerdictMs)
        const after = afterVerdictMs === null ? '' : `, ${afterVerdictMs.toFixed(0)} after the verdict`
        session.say(`${kind} ${timesText(times)} kill ${round}: ${totalMs.toFixed(0)} ms${after}`)
        await pair.clean(owner)
        await pair.start(owner)
        await delay(500)
      })
    }
  })
}

export async function kill(session: Session, n: number): Promise<void> {
  const all = KINDS.flatMap(kind => [SLOW, FAST, FASTEST].map(times => ({ kind, times })))
  await sideBySide(all.map(({ kind, times }) => rounds(session, kind, times, n)))
}

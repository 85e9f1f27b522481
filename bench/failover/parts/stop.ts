/**
 * A graceful stop of the owner: from SIGTERM to the address on the peer. And hb_standby: how long nobody had the
 * address.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { FAST, type Kind, STANDBY } from '../contestants.js'
import type { NodeIndex, Sighting } from '../frames.js'
import { other, Pair } from '../pair.js'
import type { Figure } from '../results.js'
import { type Session, sideBySide } from '../session.js'

const LIMIT_MS = 30_000
const stopped: Figure = { name: 'graceful stop: SIGTERM to address', unit: 'ms', aim: { max: 60 } }
const stopGap: Figure = { name: 'graceful stop: nobody has the address', unit: 'ms' }
const standbyGap: Figure = { name: 'hb_standby: nobody has the address', unit: 'ms', aim: { max: 40 } }

interface Handover {
  /** First answer and announcement of the new owner. */
  readonly atMs: number
  readonly gapMs: number
}

/** What a handover looks like once the new owner answers and has said so. */
function handover(seen: readonly Sighting[], from: NodeIndex, sinceMs: number): Handover | undefined {
  const to = other(from)
  const answer = seen.find(at => at.kind === 'answer' && at.node === to && at.atMs >= sinceMs)
  const announcement = seen.find(at => at.kind === 'announcement' && at.node === to && at.atMs >= sinceMs)
  if (!answer || !announcement) return undefined
  const atMs = Math.max(answer.atMs, announcement.atMs)
  const before = seen.findLast(at => at.kind === 'answer' && at.node === from)
  return { atMs, gapMs: atMs - (before?.atMs ?? sinceMs) }
}

async function stopOnce(session: Session, pair: Pair, owner: NodeIndex): Promise<void> {
  const observer = await pair.observe(LIMIT_MS)
  try {
    await observer.until('the owner answers', 5_000, seen => seen.find(({ kind }) => kind === 'answer'))
    const askedMs = pair.terminate(owner)
    const { atMs, gapMs } = await observer.until('the peer answers', LIMIT_MS - 10_000, seen =>
      handover(seen, owner, askedMs),
    )
    session.results.add(stopped, pair.kind, atMs - askedMs)
    session.results.add(stopGap, pair.kind, gapMs)
    session.say(`${pair.kind} stop: ${(atMs - askedMs).toFixed(0)} ms, gap ${gapMs.toFixed(0)} ms`)
  } finally {
    await observer.close()
  }
}

async function standbyOnce(session: Session, pair: Pair, owner: NodeIndex): Promise<void> {
  if (pair.kind === 'keepalived') return
  const observer = await pair.observe(LIMIT_MS)
  try {
    await observer.until('the owner answers', 5_000, seen => seen.find(({ kind }) => kind === 'answer'))
    const askedMs = Date.now()
    const done = pair.attempt(owner, ...STANDBY[pair.kind])
    const { gapMs } = await observer.until('the peer answers', LIMIT_MS - 10_000, seen =>
      handover(seen, owner, askedMs),
    )
    await done
    session.results.add(standbyGap, pair.kind, gapMs)
    session.say(`${pair.kind} standby: gap ${gapMs.toFixed(0)} ms`)
  } finally {
    await observer.close()
  }
}

async function rounds(session: Session, kind: Kind, n: number): Promise<void> {
  await session.within(async undoing => {
    const pair = await Pair.up(undoing, kind, FAST)
    await pair.startBoth()
    for (let round = 1; round <= n; round++) {
      const first = await pair.settled()
      await session.alone(() => standbyOnce(session, pair, first))
      const owner = await pair.settled()
      await session.alone(() => stopOnce(session, pair, owner))
      await pair.hasEnded(owner)
      await session.alone(async () => {
        await pair.start(owner)
        await delay(500)
      })
    }
  })
}

export async function stop(session: Session, n: number): Promise<void> {
  const kinds: readonly Kind[] = ['ours', 'original', 'keepalived']
  await sideBySide(kinds.map(kind => rounds(session, kind, n)))
}

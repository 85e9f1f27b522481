/**
 * A partition of the heartbeat link: both nodes take the address. It heals: how long does nobody answer until one owner
 * is left? The service network is never cut.
 */
import { ADDRESS, FAST, type Kind } from '../contestants.js'
import { longestOutageMs } from '../observer.js'
import { Pair } from '../pair.js'
import type { Figure } from '../results.js'
import { type Session, sideBySide } from '../session.js'
import { shares } from './cold.js'

const LIMIT_MS = 90_000
const ORIGINAL_PAIRS_MAX = 5
/** Questions are a millisecond apart: so much silence can be one late answer. */
const GRAIN_MS = 5
const figure: Figure = { name: 'outage after a healed partition', unit: 'ms', aim: { max: 0 } }

async function healOnce(session: Session, pair: Pair): Promise<void> {
  await pair.rig('partition', 'eth1')
  await pair.bothOwn()
  const observer = await pair.observe(LIMIT_MS)
  try {
    await observer.until('an answer', 5_000, seen => seen.find(({ kind }) => kind === 'answer'))
    const healedMs = Date.now()
    await pair.rig('heal')
    await pair.conflictEnded()
    await pair.settled()
    observer.look()
    const outageMs = longestOutageMs(observer.seen, healedMs)
    session.results.add(figure, pair.kind, outageMs > GRAIN_MS ? outageMs : 0)
    session.say(`${pair.kind} healed partition: ${outageMs.toFixed(0)} ms of outage`)
  } finally {
    await observer.close()
  }
}

async function rounds(session: Session, kind: Kind, n: number): Promise<void> {
  await session.within(async undoing => {
    const pair = await Pair.up(undoing, kind, {
      ...FAST,
      link: 'eth1',
      resources: `IPaddr::${ADDRESS}/24/eth0`,
    })
    await pair.startBoth()
    for (let round = 1; round <= n; round++) {
      if (kind === 'ours') await session.alone(() => healOnce(session, pair))
      else await healOnce(session, pair)
    }
  })
}

export async function heal(session: Session, n: number): Promise<void> {
  const original = shares(n, ORIGINAL_PAIRS_MAX).map(share => rounds(session, 'original', share))
  await sideBySide([rounds(session, 'ours', n), ...original])
}

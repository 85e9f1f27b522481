/** Both nodes start at the same moment: from the start commands to the address answering. */
import { ADDRESS, FAST, type Kind } from '../contestants.js'
import { NODES, Pair } from '../pair.js'
import type { Figure } from '../results.js'
import { type Session, sideBySide } from '../session.js'

const LIMIT_MS = 40_000
/** heartbeat 3.0.6 waits for 10 s in each start: several of its pairs wait at the same time. */
const ORIGINAL_PAIRS_MAX = 5
const figure: Figure = { name: 'cold start of both to address', unit: 'ms', aim: { max: 1_000 } }

async function startOnce(session: Session, pair: Pair): Promise<void> {
  const observer = await pair.observe(LIMIT_MS)
  try {
    const startedMs = Date.now()
    await Promise.all(NODES.map(node => pair.start(node)))
    const answer = await observer.until('the address answers', LIMIT_MS - 5_000, seen =>
      seen.find(({ kind, address }) => kind === 'answer' && address === ADDRESS),
    )
    session.results.add(figure, pair.kind, answer.atMs - startedMs)
    session.say(`${pair.kind} cold start: ${(answer.atMs - startedMs).toFixed(0)} ms`)
  } finally {
    await observer.close()
  }
  await pair.settled()
  for (const node of NODES) {
    await pair.kill(node)
    await pair.clean(node)
  }
}

async function rounds(session: Session, kind: Kind, n: number): Promise<void> {
  await session.within(async undoing => {
    const pair = await Pair.up(undoing, kind, FAST)
    for (let round = 1; round <= n; round++) {
      if (kind === 'ours') await session.alone(() => startOnce(session, pair))
      else await startOnce(session, pair)
    }
  })
}

/** `n` rounds in at most so many pairs. */
export function shares(n: number, pairs: number): number[] {
  const count = Math.min(n, pairs)
  return Array.from({ length: count }, (_, index) => Math.floor((n + index) / count))
}

export async function cold(session: Session, n: number): Promise<void> {
  await rounds(session, 'ours', n)
  await sideBySide(shares(n, ORIGINAL_PAIRS_MAX).map(share => rounds(session, 'original', share)))
}

/** A node that has nothing to do: processor time of all its processes, and their proportional share of memory. */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { readText } from '../../../test/peers/harness.js'
import { FAST, type Kind, SLOW, type Times, timesText } from '../contestants.js'
import { NODES, Pair } from '../pair.js'
import type { Figure } from '../results.js'
import { type Session, sideBySide } from '../session.js'

const KINDS: readonly Kind[] = ['ours', 'original', 'keepalived']
/** The start is over, and what it left to collect is collected. */
const SETTLE_MS = 10_000
const processorTime = (times: Times): Figure => ({
  name: `processor time in 60 s, idle, ${timesText(times)}`,
  unit: 's',
  aim: { max: times === SLOW ? 0.1 : 0.4 },
})
const memory: Figure = { name: 'memory of a node', unit: 'MB', aim: { max: 70 } }

/** Nanoseconds on a processor of all threads that live. */
function processorSeconds(pids: readonly number[]): number {
  let nanoseconds = 0
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      nanoseconds += Number(readText(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0])
    }
  }
  return nanoseconds / 1e9
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // it has ended
  }
}

/**
 * The PSS that these processes would have alone on a machine: what is theirs, and once the pages of files that they
 * share (here with the other contestants' too, so that the kernel's own PSS says too little).
 */
function megabytesAlone(pids: readonly number[]): number {
  const field = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1_024
  const texts = pids.map(pid => readText(`/proc/${pid}/smaps_rollup`))
  const own = texts.reduce((sum, text) => sum + field(text, 'Anonymous'), 0)
  return own + Math.max(0, ...texts.map(text => field(text, 'Rss') - field(text, 'Anonymous')))
}

async function measure(session: Session, kind: Kind, times: Times, seconds: number): Promise<void> {
  await session.within(async undoing => {
    const pair = await Pair.up(undoing, kind, { ...times, unicast: true, link: 'eth1' })
    await pair.startBoth()
    await delay(SETTLE_MS)
    const nodes = NODES.map(node => pair.processes(node))
    const before = nodes.map(processorSeconds)
    await delay(seconds * 1_000)
    for (const [index, pids] of nodes.entries()) {
      const used = ((processorSeconds(pids) - before[index]!) * 60) / seconds
      session.results.add(processorTime(times), kind, used)
      session.results.add(memory, kind, megabytesAlone(pids))
    }
    // The others measure at the same time: nobody ends before all have seen the whole of it.
    await delay(1_000)
  })
}

export async function idle(session: Session, seconds: number): Promise<void> {
  const all = KINDS.flatMap(kind => [SLOW, FAST].map(times => measure(session, kind, times, seconds)))
  await sideBySide(all)
}

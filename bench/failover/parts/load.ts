/**
 * Forty busy loops beside nodes with a keepalive of 100 ms and a dead time of 500 ms, and then a runner that starts a
 * hundred resources: longest pause between two heartbeats, as the kernel saw them leave, and nodes declared dead that
 * were not.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Owner, readText, until } from '../../../test/peers/harness.js'
import { busyLoops } from '../busy-loops.js'
import { CLUSTER_KINDS, FAST } from '../contestants.js'
import type { Sighting } from '../frames.js'
import type { Observer } from '../observer.js'
import { NODES, other, Pair } from '../pair.js'
import type { Figure } from '../results.js'
import type { Session } from '../session.js'

const LOOPS = 40
const RESOURCES = 100
const RESOURCES_LIMIT_MS = 60_000
const TAKE_MS = 2_000
const SETTLE_MS = 2_000
const scheduling = (realtime: boolean): string => (realtime ? 'SCHED_RR' : 'no realtime')
const pauseFigure = (during: string, realtime: boolean): Figure => ({
  name: `longest pause, ${during}, ${scheduling(realtime)}`,
  unit: 'ms',
  aim: { max: realtime ? 150 : 300 },
})
const deathFigure = (during: string): Figure => ({
  name: `false deaths, ${during}`,
  unit: '',
  aim: { max: 0 },
})

/** The longest pause of each node, counted while the capture goes on: it may last ten minutes. */
class Pauses {
  readonly #lastMs = { 1: 0, 2: 0 }
  readonly longestMs = { 1: 0, 2: 0 }

  take(seen: readonly Sighting[]): void {
    for (const { kind, node, atMs } of seen) {
      if (kind !== 'heartbeat' || node === 0) continue
      if (this.#lastMs[node] > 0)
        this.longestMs[node] = Math.max(this.longestMs[node], atMs - this.#lastMs[node])
      this.#lastMs[node] = atMs
    }
  }
}

function deathsIn(pair: Pair): number {
  const lines = NODES.flatMap(node =>
    readText(pair.logFile(node)).match(new RegExp(`node ${pair.name(other(node))}: is dead`, 'g')),
  )
  return lines.filter(line => line !== null).length
}

interface Watched {
  readonly pair: Pair
  readonly observer: Observer
  readonly pauses: Pauses
  readonly deathsBefore: number
}

async function watchPair(pair: Pair, limitMs: number): Promise<Watched> {
  const observer = await pair.observe(limitMs + 60_000, [])
  return { pair, observer, pauses: new Pauses(), deathsBefore: deathsIn(pair) }
}

/** Watches until the work is done. */
async function during(watched: readonly Watched[], work: () => Promise<void>): Promise<void> {
  const taker = setInterval(() => {
    for (const { observer, pauses } of watched) pauses.take(observer.take())
  }, TAKE_MS)
  await work().finally(() => clearInterval(taker))
}

async function report(session: Session, what: string, watched: readonly Watched[]): Promise<void> {
  for (const { pair, observer, pauses, deathsBefore } of watched) {
    await observer.close()
    pauses.take(observer.seen)
    const { kind, setting } = pair
    const realtime = setting.realtime ?? true
    session.results.add(pauseFigure(what, realtime), kind, pauses.longestMs[1], pauses.longestMs[2])
    session.results.add(deathFigure(what), kind, deathsIn(pair) - deathsBefore)
    const longest = Math.max(pauses.longestMs[1], pauses.longestMs[2]).toFixed(0)
    session.say(`${kind} ${scheduling(realtime)}, ${what}: longest pause ${longest} ms`)
  }
}

async function pairs(owner: Owner, resources?: string): Promise<Pair[]> {
  const made: Pair[] = []
  for (const kind of CLUSTER_KINDS) {
    for (const realtime of [true, false]) {
      const pair = await Pair.up(owner, kind, { ...FAST, realtime, ...(resources && { resources }) })
      made.push(pair)
    }
  }
  await Promise.all(made.map(pair => pair.startBothWhateverRuns()))
  return made
}

async function busy(session: Session, seconds: number): Promise<void> {
  await session.within(async owner => {
    const all = await pairs(owner)
    await delay(SETTLE_MS)
    const watched = await Promise.all(all.map(pair => watchPair(pair, seconds * 1_000)))
    const endLoops = busyLoops(LOOPS, seconds * 1_000 + 30_000)
    await during(watched, () => delay(seconds * 1_000)).finally(endLoops)
    await report(session, `${LOOPS} busy loops`, watched)
  })
}

/** One after the other: a hundred scripts of one are load enough for all. */
async function manyResources(session: Session): Promise<void> {
  await session.within(async owner => {
    const names = Array.from({ length: RESOURCES }, (_, index) => `lsblog::r${index}`)
    for (const pair of await pairs(owner, names.join(' '))) {
      const node = 1
      // What a start leaves to do is over.
      await delay(SETTLE_MS)
      const watched = [await watchPair(pair, RESOURCES_LIMIT_MS)]
      const startedMs = performance.now()
      await during(watched, async () => {
        await pair.giveAll(node)
        await until(
          'the resources run',
          RESOURCES_LIMIT_MS,
          () => pair.countRunning(other(node)) === RESOURCES,
        )
      })
      session.say(
        `${pair.kind}: ${RESOURCES} resources moved in ${Math.round(performance.now() - startedMs)} ms`,
      )
      await report(session, `${RESOURCES} resources`, watched)
    }
  })
}

export async function load(session: Session, seconds: number): Promise<void> {
  await busy(session, seconds)
  await manyResources(session)
}

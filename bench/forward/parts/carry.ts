/**
 * What forwarding costs: requests a second over kept connections and with a connection for each, latency, processor time.
 * All take their turn in each round, each next to a run of `direct`: to the same servers through the director's kernel,
 * routed and not translated, before the forwarder is there. The figure that counts is the share of that run, for what else
 * the machine does comes and goes. `proxy` has a worker for each processor, where that pays; `haproxy`, `pen` and `nginx
 * stream` are one thread each.
 */
import type { Owner } from '../../../test/peers/harness.js'
import { median, printJson, printTable } from '../../report.js'
import { CONTENDERS, type Contender } from '../contenders.js'
import { aimed, type Kind, type Load, load } from '../load.js'
import { answers, openPlace, type Place } from '../place.js'

/** Several short ones rather than one long one. */
const ROUNDS = 4
const WARMING_SECONDS = 1
const NAMES = Object.keys(CONTENDERS) as Contender[]
const KINDS: readonly Kind[] = ['kept', 'fresh']

interface Aim {
  readonly text: string
  /** What is to be at least 1. */
  readonly ratio: (share: (kind: Kind, name: Contender) => number) => number
}

const AIMS: readonly Aim[] = [
  { text: 'nft, kept: at least 0.9 of direct', ratio: share => share('kept', 'nft') / 0.9 },
  { text: 'nft, fresh: at least 0.8 of direct', ratio: share => share('fresh', 'nft') / 0.8 },
  { text: 'proxy, kept: ahead of pen', ratio: share => share('kept', 'proxy') / share('kept', 'pen') },
  { text: 'proxy, fresh: ahead of pen', ratio: share => share('fresh', 'proxy') / share('fresh', 'pen') },
  {
    text: 'proxy, one worker, fresh: half of HAProxy with one thread',
    ratio: share => share('fresh', 'proxy, one worker') / (share('fresh', 'haproxy') / 2),
  },
]

type Loads = Readonly<Record<Kind, Load>>
interface Turn {
  readonly loads: Loads
  /** The direct way, just before. */
  readonly beside: Loads
}

async function turn(owner: Owner, place: Place, name: Contender, seconds: number): Promise<Turn> {
  const direct = aimed(place, (await CONTENDERS.direct(owner, place)).targets)
  const beside: Loads = {
    kept: await load(direct, 'kept', seconds),
    fresh: await load(direct, 'fresh', seconds),
  }
  const running = await CONTENDERS[name](owner, place)
  const through = aimed(place, running.targets)
  try {
    await answers(place, through.target)
    // What a program compiles or allocates at its first requests is no cost of the later ones.
    await load(through, 'fresh', WARMING_SECONDS)
    await load(through, 'kept', WARMING_SECONDS)
    const kept = await load(through, 'kept', seconds, running.pids)
    const fresh = await load(through, 'fresh', seconds, running.pids)
    return { loads: { kept, fresh }, beside }
  } finally {
    await running.end()
  }
}

export async function carry(owner: Owner, seconds: number): Promise<void> {
  const place = await openPlace(owner)
  const turns = new Map<Contender, Turn[]>(NAMES.map(name => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of NAMES) turns.get(name)!.push(await turn(owner, place, name, seconds))
  }
  const middle = (kind: Kind, name: Contender, of: (load: Load, beside: Load) => number): number =>
    median(turns.get(name)!.map(({ loads, beside }) => of(loads[kind], beside[kind])))
  const share = (kind: Kind, name: Contender): number =>
    middle(kind, name, (load, beside) => load.perSecond / beside.perSecond)
  for (const kind of KINDS) {
    const rows = NAMES.map(name => ({
      name,
      perSecond: Math.round(middle(kind, name, of => of.perSecond)),
      share: share(kind, name),
      p50Ms: middle(kind, name, of => of.p50Ms),
      p99Ms: middle(kind, name, of => of.p99Ms),
      ownMicros: middle(kind, name, of => of.ownMicros),
      machineMicros: middle(kind, name, of => of.machineMicros),
      failed: turns.get(name)!.reduce((sum, { loads }) => sum + loads[kind].failed, 0),
    }))
    printTable(
      [
        kind === 'kept' ? 'kept connections' : 'a connection per request',
        ...['requests/s', 'share', 'p50 ms', 'p99 ms', 'own CPU us', 'machine CPU us', 'failed'],
      ],
      rows.map(({ name, perSecond, failed, ...row }) => [
        name,
        String(perSecond),
        ...Object.values(row),
        String(failed),
      ]),
    )
    printJson('forward', { part: 'carry', kind, rounds: ROUNDS, seconds, contenders: rows })
  }
  for (const { text, ratio } of AIMS) {
    const reached = ratio(share)
    process.stdout.write(`aim: ${text}: ${reached.toFixed(2)} of it, ${reached >= 1 ? 'met' : 'missed'}\n`)
  }
}

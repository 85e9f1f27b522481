/**
 * A long run of our ldirectord with 1000 reals, of which some fail and return by chance all the time: memory must stay
 * flat, no check may come later than its deadline, and at the end the table must be the truth. Beside the longest gap
 * stands how late a timer of the bench itself was: what a busy machine does to everybody.
 *
 *     npm run bench soak [SECONDS]      default 300; the whole takes half a minute longer
 */
import { setTimeout as after } from 'node:timers/promises'
import { createPrng } from '../../src/base/prng.js'
import { printTable } from '../report.js'
import { Contestant } from '../scale/contestants.js'
import { Figures } from '../scale/figures.js'
import { monotonicMs, REAL_PORT, type RealMode, Reals, realAddress } from '../scale/reals.js'
import { inRig } from '../scale/rig.js'

const SECONDS = 300
const SECONDS_MAX = 24 * 3600
const REALS = 1000
const NET = 60
const SEED = 20
const MODES: readonly RealMode[] = ['refuses', 'silent', 'broken']
/** Two servers a second change; a failed one returns after half a minute in the mean. */
const CHANGE_MS = 500
const FAILED_MAX = 100
const LOOK_MS = 10_000
const TIMER_MS = 20
/** A server that was silent is asked again within its limit of 3 s and an interval of 1 s; one that refused was not seen. */
const SETTLE_MS = 8_000
const WARM_MS = 15_000
const GROWTH_MB = 10
const DEADLINE_SECONDS = 1.2

const seconds = Number(process.argv[2] ?? SECONDS)
if (!(seconds >= 20 && seconds <= SECONDS_MAX)) {
  process.stderr.write(
    `soak wants a number of seconds from 20 to ${SECONDS_MAX}; found "${process.argv[2]}"\n`,
  )
  process.exit(2)
}

interface Look {
  readonly atSeconds: number
  readonly memoryMb: number
  readonly failed: number
  readonly gapMaxMs: number
  readonly latenessMs: number
}

/** How much later than asked for a timer of this process came, at most, since the last look. */
class Lateness {
  #mostMs = 0
  #dueMs = monotonicMs() + TIMER_MS
  readonly #timer = setInterval(() => {
    const now = monotonicMs()
    this.#mostMs = Math.max(this.#mostMs, now - this.#dueMs)
    this.#dueMs = now + TIMER_MS
  }, TIMER_MS)

  look(): number {
    const most = this.#mostMs
    this.#mostMs = 0
    return most
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/** Servers fail and return by chance until the time is over. */
class Chaos {
  readonly modes = new Map<number, RealMode>()
  readonly #chance = createPrng(SEED).next
  readonly #reals: Reals

  constructor(reals: Reals) {
    this.#reals = reals
  }

  async step(): Promise<void> {
    const failed = [...this.modes.keys()]
    const returns = failed.length > 0 && this.#chance() * FAILED_MAX < failed.length
    const real = returns ? failed[this.#below(failed.length)]! : this.#below(REALS)
    const mode = returns ? 'answers' : MODES[this.#below(MODES.length)]!
    if (mode === 'answers') this.modes.delete(real)
    else this.modes.set(real, mode)
    await this.#reals.set(real, mode)
  }

  #below(count: number): number {
    return Math.floor(this.#chance() * count)
  }
}

await inRig('soak', (seconds + 50) * 1000, async folder => {
  const reals = await Reals.open(NET, REALS)
  const contestant = Contestant.start('ours', folder, { net: NET, reals: REALS })
  const chaos = new Chaos(reals)
  const looks: Look[] = []
  const lateness = new Lateness()
  try {
    await after(WARM_MS)
    const beganMs = monotonicMs()
    await reals.look()
    let lookMs = beganMs
    while (monotonicMs() - beganMs < seconds * 1000) {
      await after(CHANGE_MS)
      await chaos.step()
      if (monotonicMs() - lookMs < LOOK_MS) continue
      lookMs = monotonicMs()
      const { gapMaxMs } = await reals.look()
      const atSeconds = (lookMs - beganMs) / 1000
      looks.push({
        atSeconds,
        memoryMb: contestant.memoryMb(),
        failed: chaos.modes.size,
        gapMaxMs,
        latenessMs: lateness.look(),
      })
    }
    await after(SETTLE_MS)
    report(looks, contestant, chaos)
  } finally {
    lateness.end()
    await contestant.end()
    reals.close()
  }
})

function report(looks: readonly Look[], contestant: Contestant, chaos: Chaos): void {
  printTable(
    ['at s', 'PSS MB', 'failed', 'longest gap ms', 'timer late ms'],
    looks.map(look => [
      look.atSeconds,
      look.memoryMb,
      String(look.failed),
      look.gapMaxMs,
      look.latenessMs.toFixed(0),
    ]),
  )
  const half = Math.floor(looks.length / 2)
  const most = (part: readonly Look[]): number => Math.max(...part.map(({ memoryMb }) => memoryMb))
  const serving = contestant.servingPlaces()
  const wrong = Array.from({ length: REALS }, (_, real) => real).filter(
    real => serving.has(`${realAddress(NET, real)}:${REAL_PORT}`) === chaos.modes.has(real),
  )
  const figures = new Figures()
  figures.add(
    {
      name: 'growth of memory, second half, MB',
      ours: most(looks.slice(half)) - most(looks.slice(0, half)),
      aim: { value: GROWTH_MB },
    },
    {
      name: 'time between two checks, longest s',
      ours: Math.max(...looks.map(({ gapMaxMs }) => gapMaxMs)) / 1000,
      aim: { value: DEADLINE_SECONDS },
    },
    { name: 'entries that are not the truth', ours: wrong.length, aim: { value: 0 } },
  )
  figures.print('soak')
}

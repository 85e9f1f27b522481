/**
 * `npm run fuzz [COUNT [SEED]]`: hostile input for every door of the heartbeat daemon. Inputs come in rounds; round N
 * of seed S is round 0 of seed S+N, and begins with a fresh node, so that a failure is replayed by one number. Beside
 * it one node lives through all rounds: its memory and its log must stay small.
 */
import { createPrng, type Prng } from '../../src/base/prng.js'
import { encodeFrame } from '../../src/heartbeat/api/frame.js'
import { encodeClassic } from '../../src/heartbeat/wire/classic.js'
import { isRefusal } from '../../src/heartbeat/wire/message.js'
import { encodeNetstring } from '../../src/heartbeat/wire/netstring.js'
import { openPacket, sealMessage } from '../../src/heartbeat/wire/packet.js'
import type { KeyRing } from '../../src/heartbeat/wire/signature.js'
import { LINES } from '../../src/log/line-limit.js'
import {
  clientMessage,
  hostileMessage,
  mutate,
  RING,
  recordedSamples,
  type Sample,
  type Speaker,
} from './inputs.js'
import { textOf } from './laws.js'
import { HostileNode, PID } from './node.js'
import { Tally } from './tally.js'

export const ROUND = 1_000

type Door = 'packet' | 'fifo' | 'frame' | 'control'

export interface Input {
  readonly door: Door
  readonly bytes: Buffer
  readonly ring: KeyRing
  /** Made from a signed packet without its key: must not be let in as anything new. */
  readonly isForged: boolean
  /** Time that passes before it. */
  readonly waitMs: number
}

const samples = recordedSamples()
const known = new Set(samples.map(({ ring, payload }) => signedText(payload, ring)))

function signedText(payload: Buffer, ring: KeyRing): string {
  const packet = openPacket(payload, ring)
  return isRefusal(packet) ? '' : textOf(packet.message.without('auth'))
}

export function inputsOf(seed: number, count = ROUND): Input[] {
  const random = createPrng(seed)
  const speaker: Speaker = { seq: 0, generation: 0x6b00fbf0 }
  return Array.from({ length: count }, () => inputOf(random, speaker))
}

function inputOf(random: Prng, speaker: Speaker): Input {
  const sample: Sample = random.pick(samples)
  const at = {
    ring: RING,
    isForged: false,
    waitMs: random.chance(0.02) ? random.pick([4_000, 15_000]) : random.between(0, 60),
  }
  const dice = random.next()
  if (dice < 0.35) {
    const { ring, payload } = sample
    const bytes = random.chance(0.03) ? payload : mutate(random, payload, random.pick(samples).payload)
    return { ...at, door: 'packet', ring, bytes, isForged: true }
  }
  if (dice < 0.65) {
    const sealed = sealMessage(
      hostileMessage(random, speaker),
      RING,
      random.pick(['classic', 'netstring'] as const),
    )
    return { ...at, door: 'packet', bytes: isRefusal(sealed) ? sample.payload : sealed }
  }
  if (dice < 0.85) {
    const frame = encodeFrame(clientMessage(random, PID))
    const bytes = random.chance(0.15) ? mutate(random, frame, sample.payload) : frame
    return { ...at, door: 'frame', bytes }
  }
  if (dice < 0.97) {
    const message = hostileMessage(random, { seq: 1, generation: 1 })
    const text = random.chance(0.5) ? encodeClassic(message) : encodeNetstring(message)
    return { ...at, door: 'fifo', bytes: random.chance(0.4) ? mutate(random, text, sample.payload) : text }
  }
  const word = Buffer.from(random.pick(['status\n', 'watch\r\n', 'stop\n', 'stat', 'x'.repeat(80), '\n']))
  return { ...at, door: 'control', bytes: random.chance(0.5) ? mutate(random, word, sample.payload) : word }
}

/** Throws where a law is broken. */
export function feed(node: HostileNode, input: Input): void {
  const { door, bytes, ring } = input
  node.run(input.waitMs)
  switch (door) {
    case 'packet': {
      const message = node.packet(bytes, ring)
      if (message !== null && input.isForged && !known.has(textOf(message.without('auth'))))
        throw new Error('a packet that nobody has signed was accepted')
      break
    }
    case 'fifo':
      node.fifo(bytes)
      break
    case 'frame':
      node.frame(bytes)
      break
    case 'control':
      node.control(bytes.toString('latin1'))
  }
}

/** The error that these inputs cause in a fresh node, or null. */
export function failureOf(seed: number, inputs: readonly Input[], tally = new Tally()): Error | null {
  try {
    const node = new HostileNode(seed, tally)
    for (const input of inputs) feed(node, input)
    node.stop()
    node.run(30_000)
    return null
  } catch (error) {
    return error as Error
  }
}

/** As few of the inputs as still fail: leaves out ever smaller parts. */
export function shrink(seed: number, inputs: readonly Input[]): readonly Input[] {
  let kept = inputs
  for (let part = Math.ceil(kept.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < kept.length; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + part)]
      if (fewer.length > 0 && failureOf(seed, fewer) !== null) kept = fewer
      else from += part
    }
  }
  return kept
}

export interface Outcome {
  readonly tally: Tally
  /** Of the node that lived through everything. */
  readonly lines: number
  readonly linesAllowed: number
  readonly heapGrowthBytes: number
}

/** Throws a report with the seed and the shrunk inputs. `collect` is the garbage collector. */
export function fuzz(count: number, seed: number, collect: () => void, say: (line: string) => void): Outcome {
  const tally = new Tally()
  const lasting = new HostileNode(seed, tally)
  let heapBefore = 0
  const rounds = Math.ceil(count / ROUND)
  for (let round = 0; round < rounds; round++) {
    const inputs = inputsOf(seed + round, Math.min(ROUND, count - round * ROUND))
    const failure = failureOf(seed + round, inputs, tally)
    if (failure !== null) throw new Error(reportOf(seed + round, inputs, failure))
    inputs.forEach((input, at) => {
      try {
        feed(lasting, input)
      } catch (error) {
        throw new Error(
          `seed ${seed}, round ${round}, input ${at}, after all before it: ${(error as Error).stack}`,
        )
      }
    })
    // The first rounds fill what has a limit.
    if (round === Math.min(19, rounds - 1)) heapBefore = heapAfter(collect)
    if (round % 100 === 99)
      say(`${(round + 1) * ROUND} of ${count} inputs hold, heap ${Math.round(heapAfter(collect) / 1e6)} MB`)
  }
  const seconds = (lasting.nowMs - lasting.startedMs) / 1_000
  return {
    tally,
    lines: lasting.lines,
    linesAllowed: 2 * LINES.burst + (LINES.perSecond + 1) * seconds,
    heapGrowthBytes: heapAfter(collect) - heapBefore,
  }
}

function heapAfter(collect: () => void): number {
  collect()
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
}

function reportOf(seed: number, inputs: readonly Input[], failure: Error): string {
  const few = shrink(seed, inputs)
  const shown = few.map(
    ({ door, waitMs, bytes }) => `  after ${waitMs} ms, ${door}: ${bytes.toString('base64')}`,
  )
  return [
    `npm run fuzz ${ROUND} ${seed} fails: ${failure.stack}`,
    `${few.length} of ${inputs.length} inputs are enough:`,
    ...shown.slice(0, 50),
  ].join('\n')
}

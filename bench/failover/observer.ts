/**
 * Sees from a third namespace, once a millisecond, who answers at the service address: the asker asks in frames to
 * everybody (a fixed neighbour entry), so that no ARP cache stands in between, and `tcpdump` notes with the kernel's
 * clock which node's interface answers. Both nodes answering shows as such.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run, until } from '../../test/peers/harness.js'
import { CaptureReader, HEARTBEAT_PORT, type Sighting } from './frames.js'

const LOOK_MS = 5
const PIECE_BYTES = 1 << 20

export interface ObserverOptions {
  /** The namespace of the rig's switch. */
  readonly namespace: string
  readonly folder: string
  /** Addresses to ask, each once a millisecond. */
  readonly ask: readonly string[]
  /** Everything of it ends by itself after this time. */
  readonly limitMs: number
}

let files = 0

export class Observer {
  readonly seen: Sighting[] = []
  readonly #reader = new CaptureReader()
  readonly #children: ChildProcess[] = []
  readonly #piece = Buffer.alloc(PIECE_BYTES)
  #file = -1

  static async open(options: ObserverOptions): Promise<Observer> {
    const observer = new Observer()
    await observer.#open(options)
    return observer
  }

  /** Waits for something to be seen; fails with what was waited for. */
  async until<T>(
    what: string,
    limitMs: number,
    look: (seen: readonly Sighting[]) => T | undefined,
  ): Promise<T> {
    const startedMs = performance.now()
    for (;;) {
      this.look()
      const found = look(this.seen)
      if (found !== undefined) return found
      if (performance.now() - startedMs > limitMs)
        throw new Error(`not seen within ${limitMs / 1000} s: ${what}`)
      await delay(LOOK_MS)
    }
  }

  /** Takes in what was captured since the last look. */
  look(): void {
    for (;;) {
      const length = readSync(this.#file, this.#piece, 0, PIECE_BYTES, null)
      if (length === 0) return
      this.seen.push(...this.#reader.read(this.#piece.subarray(0, length)))
    }
  }

  /** Forgets what was seen: for long captures. */
  take(): Sighting[] {
    this.look()
    return this.seen.splice(0)
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM')
    await Promise.all(
      this.#children.map(child => child.exitCode ?? new Promise(end => child.once('exit', end))),
    )
    this.look()
    closeSync(this.#file)
  }

  async #open({ namespace, folder, ask, limitMs }: ObserverOptions): Promise<void> {
    const file = join(folder, `seen-${files++}.pcap`)
    const inside = ['netns', 'exec', namespace, 'timeout', String(Math.ceil(limitMs / 1_000))]
    const filter = `icmp[0] = 0 or icmp[0] = 8 or arp or vrrp or udp port ${HEARTBEAT_PORT}`
    const capture = ['tcpdump', '-i', 'br0', '-n', '--immediate-mode', '-U', '-s', '160', '-w', file, filter]
    const dump = spawn('ip', [...inside, ...capture], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(dump)
    let said = ''
    dump.stderr.on('data', (chunk: Buffer) => {
      said += chunk
    })
    await until('tcpdump listens', 10_000, () => said.includes('listening'))
    this.#file = openSync(file, 'r')
    for (const address of ask) {
      const neighbour = [
        'neigh',
        'replace',
        address,
        'lladdr',
        'ff:ff:ff:ff:ff:ff',
        'dev',
        'br0',
        'nud',
        'permanent',
      ]
      await run('ip', ['-n', namespace, ...neighbour])
    }
    if (ask.length === 0) return
    const asker = [process.execPath, join(import.meta.dirname, 'asker.js'), String(limitMs), ...ask]
    this.#children.push(spawn('ip', [...inside, ...asker], { stdio: 'ignore' }))
    await this.until('the first question', 10_000, seen => seen.find(({ kind }) => kind === 'question'))
  }
}

/** The longest time in which questions were asked and none was answered, from its first question to the next answer. */
export function longestOutageMs(seen: readonly Sighting[], fromMs: number): number {
  const answered = new Set(seen.filter(({ kind }) => kind === 'answer').map(({ echo }) => echo))
  let longest = 0
  let sinceMs: number | null = null
  const questions = seen.filter(({ kind, atMs }) => kind === 'question' && atMs >= fromMs)
  // The last ones may have been asked when the capture was ending.
  for (const { atMs, echo } of questions.slice(0, -20)) {
    if (answered.has(echo)) {
      if (sinceMs !== null) longest = Math.max(longest, atMs - sinceMs)
      sinceMs = null
    } else sinceMs ??= atMs
  }
  return longest
}

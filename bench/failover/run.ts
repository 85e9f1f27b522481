/**
 * Failover side by side: our heartbeat, heartbeat 3.0.6 and, where it has the same job, keepalived, each pair in network
 * namespaces of its own, in one run.
 *
 *     npm run bench failover [PART[=N] ...] [N]      N: rounds (10), for load and idle seconds (60)
 *
 * The service address is asked once a millisecond from a third namespace and the answers are noted with the kernel's
 * clock: the resolution is 1 ms. "Address" means that it answers and that the neighbours were told (gratuitous ARP).
 * One contestant at a time is in the measured part of a round; the waits between overlap.
 */
import { existsSync } from 'node:fs'
import { cold } from './parts/cold.js'
import { heal } from './parts/heal.js'
import { idle } from './parts/idle.js'
import { kill } from './parts/kill.js'
import { load } from './parts/load.js'
import { stop } from './parts/stop.js'
import { Session } from './session.js'

const ROUNDS = 10
const SECONDS = 60
const PARTS = {
  kill: { run: kill, n: ROUNDS, isTime: false },
  stop: { run: stop, n: ROUNDS, isTime: false },
  cold: { run: cold, n: ROUNDS, isTime: false },
  heal: { run: heal, n: ROUNDS, isTime: false },
  load: { run: load, n: SECONDS, isTime: true },
  idle: { run: idle, n: SECONDS, isTime: true },
} as const
type PartName = keyof typeof PARTS
const isPart = (word: string): word is PartName => word in PARTS
const NEEDS = ['/usr/libexec/heartbeat/heartbeat', '/usr/sbin/keepalived', '/usr/bin/tcpdump']

/** What to run and how often, or what was wrong with the words. */
function asked(words: readonly string[]): ReadonlyMap<PartName, number> | string {
  const parts = new Map<PartName, number | null>()
  let rounds: number | null = null
  for (const word of words) {
    const [name = '', count] = word.split('=')
    const number = count === undefined ? null : Number(count)
    if (number !== null && !(number >= 1)) return `${word}: wants a number of 1 or more`
    if (isPart(name)) parts.set(name, number)
    else if (Number(word) >= 1) rounds = Number(word)
    else return `no part called ${word}; there are: ${Object.keys(PARTS).join(', ')}`
  }
  const names = parts.size > 0 ? [...parts.keys()] : (Object.keys(PARTS) as PartName[])
  const standard = (name: PartName): number =>
    PARTS[name].isTime && names.length > 1 ? PARTS[name].n : (rounds ?? PARTS[name].n)
  return new Map(names.map(name => [name, parts.get(name) ?? standard(name)]))
}

async function measure(session: Session, wanted: ReadonlyMap<PartName, number>): Promise<boolean> {
  let isWhole = true
  for (const [name, n] of wanted) {
    session.say(`part ${name}, ${n} ${PARTS[name].isTime ? 'seconds' : 'rounds'}`)
    await PARTS[name].run(session, n).catch((error: Error) => {
      isWhole = false
      session.say(`part ${name} failed: ${error.message}`)
    })
  }
  return isWhole
}

const wanted = asked(process.argv.slice(2))
if (typeof wanted === 'string') {
  process.stderr.write(`failover: ${wanted}\n`)
  process.exit(2)
}
const missing = NEEDS.filter(path => !existsSync(path))
if (process.getuid?.() !== 0 || missing.length > 0) {
  process.stdout.write(`failover needs root and ${missing.join(', ') || 'nothing else'}; not measured\n`)
  process.exit(0)
}
const session = new Session()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void session.close().finally(() => process.exit(1)))
}
const isWhole = await measure(session, wanted)
session.results.print()
process.exit(isWhole ? 0 : 1)

/**
 * A real server is killed under load: its open connections end, those of the others do not. Until the check has noticed,
 * a kernel sends new connections to the dead one, which refuses them; the proxy takes them to another.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Owner, until } from '../../../test/peers/harness.js'
import { printJson, printTable } from '../../report.js'
import type { Losses } from '../askers.js'
import { Director, FORWARDERS, type ForwarderName, TARGET } from '../director.js'
import { answers, openPlace, type Place, webAgain } from '../place.js'

const NOTICED_MS_MAX = 15_000
const LOAD_MS = 1_500
const program = fileURLToPath(new URL('../askers.js', import.meta.url))

async function killed(owner: Owner, place: Place, name: ForwarderName) {
  const setting = { weights: [1, 1], scheduler: 'rr', hasNeighbour: false }
  const director = await Director.start(owner, place, name, setting)
  await answers(place, TARGET)
  const words = ['-t', place.client.pid, '-n', process.execPath, program, ...TARGET.split(':')]
  const client = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  owner.teardown(() => client.kill())
  const report = text(client.stdout)
  await pause(LOAD_MS)
  const killedMs = Date.now()
  await place.webs[0]!.end('SIGKILL')
  await until('the dead real server is noticed', NOTICED_MS_MAX, async () => {
    const [virtual] = (await director.status()).virtuals
    return virtual!.reals[0]!.weight === 0
  })
  await pause(LOAD_MS)
  client.stdin.end()
  await once(client, 'exit')
  const { requests, ended, refused, lastRefusedMs } = JSON.parse(await report) as Losses
  await director.end()
  await webAgain(owner, place, 1)
  return {
    name,
    requests,
    endedWithTheDead: ended['real 1'] ?? 0,
    endedElsewhere: Object.entries(ended).reduce((sum, [at, n]) => (at === 'real 1' ? sum : sum + n), 0),
    refused,
    refusedForMs: refused === 0 ? 0 : lastRefusedMs - killedMs,
  }
}

export async function lost(owner: Owner): Promise<void> {
  const place = await openPlace(owner)
  const figures = []
  for (const name of FORWARDERS) figures.push(await killed(owner, place, name))
  printTable(
    ['a real server is killed', 'requests', 'its own lost', 'others lost', 'new refused', 'for ms'],
    figures.map(({ name, ...counts }) => [name, ...Object.values(counts).map(String)]),
  )
  printJson('forward', { part: 'lost', figures })
  const isMet = figures.every(({ endedElsewhere }) => endedElsewhere === 0)
  process.stdout.write(`aim: only the open connections of the killed are lost: ${isMet ? 'met' : 'missed'}\n`)
}

/** A reload under load: ldirectord reads a changed file again and again while 100 000 requests pass; none may be lost. */
import type { Owner } from '../../../test/peers/harness.js'
import { printJson, printTable } from '../../report.js'
import { Director, FORWARDERS, type ForwarderName, type Setting, TARGET } from '../director.js'
import { aimed, load } from '../load.js'
import { answers, openPlace, type Place } from '../place.js'

const REQUESTS = 100_000
const TURN_SECONDS = 3
const TURNS_MAX = 20

const SETTINGS: readonly Setting[] = [
  { weights: [1, 1], scheduler: 'wrr', hasNeighbour: false },
  { weights: [3, 1], scheduler: 'wrr', hasNeighbour: true },
  { weights: [1, 0], scheduler: 'rr', hasNeighbour: false },
  { weights: [0, 2], scheduler: 'wrr', hasNeighbour: true },
]

async function reloaded(owner: Owner, place: Place, name: ForwarderName) {
  const director = await Director.start(owner, place, name, SETTINGS[0]!)
  const target = aimed(place, [TARGET])
  await answers(place, TARGET)
  let isOver = false
  let reloads = 0
  const reloading = (async () => {
    while (!isOver) {
      const setting = SETTINGS[++reloads % SETTINGS.length]!
      director.write(setting)
      await director.command('reload')
      await director.settles(setting)
    }
  })()
  let requests = 0
  let failed = 0
  try {
    for (let turn = 0; turn < TURNS_MAX && requests < REQUESTS; turn++) {
      const done = await load(target, turn % 2 === 0 ? 'fresh' : 'kept', TURN_SECONDS)
      requests += done.requests
      failed += done.failed
    }
  } finally {
    isOver = true
    await reloading
    await director.end()
  }
  return { name, requests, reloads, failed }
}

export async function reload(owner: Owner): Promise<void> {
  const place = await openPlace(owner)
  const figures = []
  for (const name of FORWARDERS) figures.push(await reloaded(owner, place, name))
  printTable(
    ['reload under load', 'requests', 'reloads', 'failed'],
    figures.map(({ name, requests, reloads, failed }) => [
      name,
      String(requests),
      String(reloads),
      String(failed),
    ]),
  )
  printJson('forward', { part: 'reload', figures })
  const isMet = figures.every(({ failed, requests }) => failed === 0 && requests >= REQUESTS)
  process.stdout.write(`aim: not one of ${REQUESTS} requests lost: ${isMet ? 'met' : 'missed'}\n`)
}

/**
 * Plays lives with two originals and writes what they said: `node dist/test/peers/mixed/record.js [LIFE...]`. With
 * `--as ours,original` and a folder it plays them mixed and writes there, for a look at the differences.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type Kind, NODES } from './cluster.js'
import { LIVES, ownersOf, titleOf } from './lives.js'
import { printRecording, recordingPath, type Said } from './recording.js'
import { said } from './said.js'

/** No line for so long, and the step is over. */
const QUIET_MS = 4000

const words = process.argv.slice(2)
const [kinds, folder] = words[0] === '--as' ? words.splice(0, 3).slice(1) : ['original,original']
const [alpha, beta] = kinds!.split(',') as [Kind, Kind]
const ours = NODES.find((_, index) => [alpha, beta][index] === 'ours')

for (const life of [...LIVES.values()].filter(({ name }) => words.length === 0 || words.includes(name))) {
  const ends: (() => unknown)[] = []
  const recording = new Map<string, Said>()
  const cluster = await Cluster.open(
    { teardown: end => void ends.unshift(end as () => unknown) },
    { alpha, beta },
    life.files,
  )
  for (const [index, step] of life.steps.entries()) {
    const from = NODES.map(node => cluster.log(node).length)
    const sinceMs = Date.now()
    let problem = ''
    try {
      await step.act(cluster)
      await cluster.settles(step.name, ownersOf(step, ours), step.limitMs)
    } catch (error) {
      problem = (error as Error).message.split('\n').slice(0, 2).join(' ')
    }
    console.log(
      `${life.name} ${kinds} ${step.name}: ${Date.now() - sinceMs} ms ${JSON.stringify(cluster.history(sinceMs))} ${problem}`,
    )
    await quiet(cluster)
    const [first, second] = NODES.map((node, at) => said(cluster.log(node).slice(from[at])))
    recording.set(titleOf(index, step), { alpha: first!, beta: second! })
  }
  for (const end of ends) await end()
  const path = folder === undefined ? recordingPath(life.name) : `${folder}/${life.name}.${kinds}.txt`
  mkdirSync(path.replace(/\/[^/]*$/, ''), { recursive: true })
  writeFileSync(path, printRecording(recording))
}

async function quiet(cluster: Cluster): Promise<void> {
  const size = (): number => NODES.reduce((sum, node) => sum + cluster.log(node).length, 0)
  let [last, sinceMs] = [size(), Date.now()]
  for (let waited = 0; waited < 40 && Date.now() - sinceMs < QUIET_MS; waited++) {
    await delay(500)
    if (size() !== last) [last, sinceMs] = [size(), Date.now()]
  }
}
process.exit(0)

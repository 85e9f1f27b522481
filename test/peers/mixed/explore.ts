/** Runs lives with two kinds of node and writes what was said into a file: `explore.js KINDS OUT [LIFE...]`. */
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type Kind, NODES } from './cluster.js'
import { LIVES } from './lives.js'
import { said } from './said.js'

const [kinds, out, ...names] = process.argv.slice(2)
const [alpha, beta] = kinds!.split(',') as [Kind, Kind]
for (const life of LIVES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const ends: (() => unknown)[] = []
  const record: Record<string, unknown> = {}
  try {
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
        await cluster.settles(step.name, step.owners, step.limitMs ?? 20_000)
      } catch (error) {
        problem = String((error as Error).message)
          .split('\n')
          .slice(0, 2)
          .join(' ')
      }
      const tookMs = Date.now() - sinceMs
      let sizes = ''
      let quiet = 0
      for (let i = 0; i < 16 && quiet < 6; i++) {
        const now = NODES.map(node => cluster.log(node).length).join()
        quiet = now === sizes ? quiet + 1 : 0
        sizes = now
        await delay(500)
      }
      const logs = NODES.map((node, i) => cluster.log(node).slice(from[i]))
      console.log(
        `${life.name} (${kinds}): ${step.name}: ${tookMs} ms ${JSON.stringify(cluster.history(sinceMs))} ${problem}`,
      )
      record[`${index + 1} ${step.name}`] = {
        owners: await cluster.owners(),
        problem,
        tookMs,
        history: cluster.history(sinceMs),
        alpha: said(logs[0]!),
        beta: said(logs[1]!),
        raw: logs,
      }
    }
  } catch (error) {
    console.log(`${life.name} (${kinds}): ${error}`)
  }
  for (const end of ends) await end()
  writeFileSync(`${out}/${life.name}.${kinds}.json`, JSON.stringify(record, null, 1))
}
process.exit(0)

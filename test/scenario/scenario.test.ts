import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { decisionsOfTimeline, readScenario, runScenario } from './scenario.js'

const folder = 'test/scenario'
const rewrites = process.env.UPDATE_SCENARIOS === '1'

for (const file of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
  const path = `${folder}/${file}`
  const scenario = readScenario(path)

  test(`${file} runs as written`, t => {
    const { trace } = runScenario(scenario)
    if (rewrites) writeFileSync(path, `${scenario.head}----\n${trace}`)
    else t.is(trace, scenario.expected)
    t.pass()
  })

  if (scenario.capture === undefined) continue
  const timeline = `test/captures/${scenario.capture}.timeline.txt`

  test(`${file} tells truly what heartbeat 3.0.6 decided in ${scenario.capture}`, t => {
    t.true(existsSync(timeline), `${timeline} is missing`)
    const original = decisionsOfTimeline(readFileSync(timeline, 'utf8'))
    for (const [node, what] of original) t.is(scenario.original.get(node), what)
  })

  test(`${file} decides as heartbeat 3.0.6 did, or better as docs/compatibility.md says`, t => {
    const { decisions } = runScenario(scenario)
    for (const [node, what] of decisions)
      t.is(what, scenario.instead.get(node) ?? scenario.original.get(node) ?? '-', node)
    t.is(scenario.instead.size > 0, scenario.better.length > 0, 'a difference needs its reason')
    const document = readFileSync('docs/compatibility.md', 'utf8').replace(/\s+/g, ' ')
    for (const reason of scenario.better) t.true(document.includes(reason), `not in the document: ${reason}`)
  })
}

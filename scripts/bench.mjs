// npm run bench [NAME ...] [WORD ...]: builds when needed and runs the named benchmarks of bench/ (all of them without a
// name), one after the other. Each prints a small table and one JSON line. Words after one name are for that benchmark.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

const LIMIT_MS = 1_200_000
process.chdir(root)
installWhenMissing()
buildWhenOlder(['bench', 'test'])
const folder = 'dist/bench'
const isBenchmark = name => existsSync(`${folder}/${name}/run.js`)
const known = (existsSync(folder) ? readdirSync(folder) : []).filter(isBenchmark)
const given = process.argv.slice(2)
const firstWord = given.findIndex(name => !known.includes(name))
const wanted = firstWord === -1 ? given : given.slice(0, firstWord)
const words = firstWord === -1 ? [] : given.slice(firstWord)
if (words.length > 0 && wanted.length !== 1) {
  process.stderr.write(`no benchmark called ${words[0]}; there are: ${known.join(', ')}\n`)
  process.exit(2)
}
let failed = 0
for (const name of wanted.length > 0 ? wanted : known) {
  process.stdout.write(`\n== ${name}\n`)
  const run = spawnSync(process.execPath, [`${folder}/${name}/run.js`, ...words], {
    stdio: 'inherit',
    timeout: LIMIT_MS,
  })
  if (run.status !== 0) failed++
}
process.exit(failed > 0 ? 1 : 0)

// npm run bench [NAME ...]: builds when needed and runs the named benchmarks of bench/ (all of them without a name),
// one after the other. Each prints a small table and one JSON line.
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
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`no benchmark called ${unknown.join(', ')}; there are: ${known.join(', ')}\n`)
  process.exit(2)
}
let failed = 0
for (const name of wanted.length > 0 ? wanted : known) {
  process.stdout.write(`\n== ${name}\n`)
  const run = spawnSync(process.execPath, [`${folder}/${name}/run.js`], {
    stdio: 'inherit',
    timeout: LIMIT_MS,
  })
  if (run.status !== 0) failed++
}
process.exit(failed > 0 ? 1 : 0)

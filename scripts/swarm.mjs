// npm run swarm [COUNT] [FIRST]: the cluster core in a hostile simulated network, one run a seed, for longer than
// npm test does. A failure prints its seed and options; the seed alone repeats it.
import { spawnSync } from 'node:child_process'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

process.chdir(root)
installWhenMissing()
buildWhenOlder(['test'])
const run = spawnSync(process.execPath, ['dist/test/sim/swarm.js', ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(run.status ?? 1)

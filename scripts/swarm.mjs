// npm run swarm [COUNT [FIRST]]: the production cluster cores in a hostile simulated network, COUNT seeds from FIRST on.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

installWhenMissing()
buildWhenOlder(['test'])
const { main } = await import(pathToFileURL(join(root, 'dist/test/sim/swarm.js')).href)
process.exit(main(process.argv.slice(2)))

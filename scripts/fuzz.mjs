// npm run fuzz [COUNT [SEED]]: hostile input for every door of the heartbeat daemon, a million unless told otherwise.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

installWhenMissing()
buildWhenOlder(['test'])
const { main } = await import(pathToFileURL(join(root, 'dist/test/fuzz/main.js')).href)
process.exit(main(process.argv.slice(2)))

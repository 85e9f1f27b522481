// npm start: installs and builds when needed, then runs the demo cluster in this process (src/demo).
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

process.chdir(root)
installWhenMissing()
buildWhenOlder()
createRequire(import.meta.url)(join(root, 'dist/bin/demo.cjs'))

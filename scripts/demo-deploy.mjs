// npm run demo:deploy: installs and builds when needed, then shows a release through the demo cluster (src/demo/deploy.ts).
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { buildWhenOlder, installWhenMissing, root } from './prepare.mjs'

process.chdir(root)
installWhenMissing()
buildWhenOlder()
createRequire(import.meta.url)(join(root, 'dist/bin/demo-deploy.cjs'))

/** A release through the demo cluster, started by `npm run demo:deploy`. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runDeployDemo } from '../../demo/deploy.js'

const programs = dirname(fileURLToPath(import.meta.url))
runDeployDemo(process.argv.slice(2), programs).then(
  status => process.exit(status),
  error => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  },
)

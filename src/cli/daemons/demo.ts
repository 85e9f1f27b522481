/** The demo cluster, started by `npm start`. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runDemo } from '../../demo/run.js'

const programs = dirname(fileURLToPath(import.meta.url))
runDemo(process.argv.slice(2), programs).then(
  status => process.exit(status),
  error => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  },
)

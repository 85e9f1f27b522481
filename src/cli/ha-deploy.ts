/** ha-deploy: rolling releases at weight zero. `ha-deploy --help` tells how; what acts is loaded once a command is known. */
import { createRequire } from 'node:module'
import { parseArguments, USAGE } from '../deploy/plan/arguments.js'

const parsed = parseArguments(process.argv.slice(2))
if ('help' in parsed) {
  process.stdout.write(USAGE)
} else if ('problem' in parsed) {
  process.stderr.write(`ha-deploy: ${parsed.problem}\n${USAGE.split('\n', 1)[0]}\n`)
  process.exitCode = 2
} else {
  const load = createRequire(import.meta.url)
  const module: typeof import('./daemons/ha-deploy-run.js') = load('./ha-deploy-run.cjs')
  void module.runHere(parsed).then(status => {
    process.exitCode = status
  })
}

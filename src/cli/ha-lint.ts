/** ha-lint: checks the configuration of one node, or of two against each other. `ha-lint --help` tells how. */
import { run } from '../lint/io/command.js'

process.exitCode = run(process.argv.slice(2), {
  env: process.env,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})

/**
 * ldirectord in the background, started by the command `ldirectord start`: its arguments are the command's own, and
 * what comes of the start goes back over descriptor 3 as one line of JSON.
 */
import { writeSync } from 'node:fs'
import { runLdirectord } from '../../ldirectord/run.js'

const args = process.argv.slice(2)
const config = args.length > 1 ? args[0]! : null
// Scripts look for this text; the title replaces the whole command line.
process.title = `ldirectord ${args.join(' ')}`
void runLdirectord({
  mode: 'background',
  config,
  program: process.env.LDIRECTORD_INVOKED_AS ?? 'ldirectord',
  args,
  report(report) {
    try {
      writeSync(3, `${JSON.stringify(report)}\n`)
    } catch {
      // Nobody waits for the answer.
    }
    if (report.kind === 'running') process.chdir('/')
  },
}).then(status => process.exit(status))

/** The command cl_status; see commands/cl-status.ts. */
import { clStatus } from './commands/cl-status.js'

const TIMED_OUT = 12
/** The original's alarm: however long anything takes, the command ends. */
const ALARM_MS = 5_000

const alarm = setTimeout(() => process.exit(TIMED_OUT), ALARM_MS)
const output = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
}
void clStatus(process.argv.slice(2), process.env, output).then(code => {
  clearTimeout(alarm)
  process.exitCode = code
})

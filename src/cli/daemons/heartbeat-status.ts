/** `heartbeat status` as a bundle of its own, so that the command heartbeat stays small; see commands/heartbeat-status.ts. */
import { heartbeatStatus } from '../commands/heartbeat-status.js'

process.stdout.on('error', () => process.exit(0)) // `heartbeat status --watch | head` has read enough
void heartbeatStatus(process.argv.slice(3), process.env, {
  out: text => void process.stdout.write(text),
  error: text => void process.stderr.write(text),
}).then(code => {
  process.exitCode = code
})

/** The command hb_standby; see commands/ask-for-move.ts. */
import { askForMove, HB_STANDBY } from './commands/ask-for-move.js'

process.exitCode = askForMove(
  HB_STANDBY,
  process.argv[1] ?? 'hb_standby',
  process.argv.slice(2),
  process.env,
  {
    out: text => void process.stdout.write(text),
    error: text => void process.stderr.write(text),
  },
)

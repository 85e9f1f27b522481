/** The command hb_takeover; see commands/ask-for-move.ts. */
import { askForMove, HB_TAKEOVER } from './commands/ask-for-move.js'

process.exitCode = askForMove(
  HB_TAKEOVER,
  process.argv[1] ?? 'hb_takeover',
  process.argv.slice(2),
  process.env,
  {
    out: text => void process.stdout.write(text),
    error: text => void process.stderr.write(text),
  },
)

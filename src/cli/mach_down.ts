/** The command mach_down; see commands/mach-down.ts. */
import { here } from './commands/here.js'
import { machDown } from './commands/mach-down.js'

void machDown(here).then(code => {
  process.exitCode = code
})

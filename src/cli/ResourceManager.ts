/** The command ResourceManager; see commands/resource-manager.ts. */
import { here } from './commands/here.js'
import { ResourceManager } from './commands/resource-manager.js'

void new ResourceManager(here).run(here.argv).then(code => {
  process.exitCode = code
})

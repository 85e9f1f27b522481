/** The command req_resource; see commands/req-resource.ts. */
import { here } from './commands/here.js'
import { reqResource } from './commands/req-resource.js'

void reqResource(here).then(code => {
  process.exitCode = code
})

/** The command behind ocf/resource.d/heartbeat/ldirectord; see commands/ldirectord-ocf.ts. */
import { ldirectordOcf } from './commands/ldirectord-ocf.js'

void ldirectordOcf(process.argv[2], process.env).then(code => {
  process.exitCode = code
})

/** `service=oracle`: Oracle's protocol needs Oracle's own client, which no library here can stand in for. */
import { type Check, failed } from './check.js'

export const checkOracle: Check = async () =>
  failed(
    'ERROR',
    'service=oracle cannot be negotiated here: use checktype=external with a checkcommand that runs the query (sqlplus), or checktype=connect',
  )

/** As `client.pipe(real)`, with X-Forwarded-For added on the way. */
import type { Socket } from 'node:net'
import type { ForwardedFor } from '../core/forwarded-for.js'

/** @param refuse ends the connection */
export function carryRequests(
  client: Socket,
  real: Socket,
  requests: ForwardedFor,
  refuse: () => void,
): void {
  client.on('data', (chunk: Buffer) => {
    const pieces = requests.push(chunk)
    if (pieces === null) {
      refuse()
      return
    }
    real.cork()
    for (const piece of pieces) real.write(piece)
    real.uncork()
    if (real.writableNeedDrain) client.pause()
  })
  real.on('drain', () => void client.resume())
  client.on('end', () => {
    const rest = requests.end()
    if (rest) real.end(rest)
    else real.end()
  })
  client.resume() // it was paused since the accept
}

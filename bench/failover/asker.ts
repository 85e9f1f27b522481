/**
 * Asks addresses once a millisecond by ICMP echoes: `node asker.js LIMIT_MS ADDRESS ...`. The program `ping` does so only
 * while it is answered; without answers it asks every ten milliseconds, whatever `-i` says.
 */
import { openIcmpSocket } from '../../src/base/io/icmp-socket.js'
import { isNativeFailure } from '../../src/base/io/native.js'
import { encodeEchoRequest } from '../../src/heartbeat/wire/icmp-echo.js'

const EVERY_MS = 1
const DATA = Buffer.alloc(8)
const COUNT = 0x10000

const [limitMs, ...addresses] = process.argv.slice(2)
const socket = openIcmpSocket()
if (isNativeFailure(socket)) throw new Error(`cannot ask: ${socket.reason}`)
const id = process.pid & 0xffff
let asked = 0
setInterval(() => {
  // What has come would only fill the socket's buffer: the capture has it.
  while (socket.receive());
  const sequence = asked++ % COUNT
  for (const address of addresses) socket.send(address, encodeEchoRequest({ id, sequence, data: DATA }, 4))
}, EVERY_MS)
setTimeout(() => process.exit(0), Number(limitMs))

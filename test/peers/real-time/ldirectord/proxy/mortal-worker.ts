/** The program of a worker that a client can hold up, make stumble, and end: by the first byte that it sends. */
import { TcpSockets } from '../../../../../src/base/io/tcp-calls.js'
import { runWorker } from '../../../../../src/ldirectord/proxy/io/worker-thread.js'

const HOLD_MS = 1_000
const readAsEver = TcpSockets.prototype.read
TcpSockets.prototype.read = function read(fd, into) {
  const length = readAsEver.call(this, fd, into)
  if (length <= 0) return length
  switch (String.fromCharCode(into[0]!)) {
    case 'h':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLD_MS)
      return length
    case 'f':
      throw new Error('a fault')
    case 'd':
      return process.exit(1)
    default:
      return length
  }
}
runWorker()

/**
 * The program of a worker that a client can hold up, make stumble, and end: by the first byte that it sends. One is
 * held up while the file `hold` is in the folder that MORTAL_FOLDER names, and says by the file `held` that it is.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { TcpSockets } from '../../../../../src/base/io/tcp-calls.js'
import { runWorker } from '../../../../../src/ldirectord/proxy/io/worker-thread.js'

const HOLD_MS_MAX = 30_000
const LOOK_MS = 5

function hold(): void {
  const folder = process.env.MORTAL_FOLDER
  const still = new Int32Array(new SharedArrayBuffer(4))
  for (let ms = 0; ms < HOLD_MS_MAX && existsSync(`${folder}/hold`); ms += LOOK_MS) {
    writeFileSync(`${folder}/held`, '')
    Atomics.wait(still, 0, 0, LOOK_MS)
  }
}

const readAsEver = TcpSockets.prototype.read
TcpSockets.prototype.read = function read(fd, into) {
  const length = readAsEver.call(this, fd, into)
  if (length <= 0) return length
  switch (String.fromCharCode(into[0]!)) {
    case 'h':
      hold()
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

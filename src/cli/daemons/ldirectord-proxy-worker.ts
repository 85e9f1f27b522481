/** A worker thread of ldirectord-proxy; started by it, never by hand. */
import { runWorker } from '../../ldirectord/proxy/io/worker-thread.js'

runWorker()

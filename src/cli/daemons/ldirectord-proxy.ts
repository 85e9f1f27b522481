/** The user-space forwarder's own process; started by ldirectord, never by hand. */
import { fileURLToPath } from 'node:url'
import { proxyPlace, workerProgramOf } from '../../ldirectord/proxy/core/place.js'
import { SUCCESSOR } from '../../ldirectord/proxy/io/hand-over.js'
import { runProxy } from '../../ldirectord/proxy/io/run-proxy.js'
import { defaultSettings } from '../../ldirectord/proxy/io/settings.js'

const [instance, varRun, origin] = process.argv.slice(2)
if (instance === undefined || varRun === undefined) {
  console.error(
    'ldirectord-proxy: started by ldirectord with two arguments: INSTANCE and the folder of its sockets',
  )
  process.exitCode = 2
} else {
  process.title = `ldirectord-proxy ${instance}`
  const settings = { ...defaultSettings(), workerProgram: workerProgramOf(fileURLToPath(import.meta.url)) }
  runProxy(proxyPlace(varRun, instance), origin === SUCCESSOR ? 'takeover' : 'start', settings).then(
    status => process.exit(status),
    error => {
      console.error(`ldirectord-proxy: ${error.message}`)
      process.exit(1)
    },
  )
}

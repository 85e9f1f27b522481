/** The user-space forwarder's own process; started by ldirectord, never by hand. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { proxyPlace } from '../../ldirectord/proxy/core/place.js'
import { runProxy } from '../../ldirectord/proxy/io/run-proxy.js'
import { defaultSettings } from '../../ldirectord/proxy/io/settings.js'

const [instance, varRun] = process.argv.slice(2)
if (instance === undefined || varRun === undefined) {
  console.error(
    'ldirectord-proxy: started by ldirectord with two arguments: INSTANCE and the folder of its sockets',
  )
  process.exitCode = 2
} else {
  process.title = `ldirectord-proxy ${instance}`
  const program = fileURLToPath(import.meta.url)
  const end = extname(program)
  const workerProgram = `${program.slice(0, -end.length)}-worker${end}`
  runProxy(proxyPlace(varRun, instance), { ...defaultSettings(), workerProgram }).then(
    status => process.exit(status),
    error => {
      console.error(`ldirectord-proxy: ${error.message}`)
      process.exit(1)
    },
  )
}

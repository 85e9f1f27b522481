/**
 * `unshare -n node straits-scene.js`: the proxy where ports and rights are short, in a network namespace of its own, so
 * that both can be made short. Prints what it met, one JSON value for each way of carrying TCP.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DataPlane } from '../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings, type ProxySettings } from '../../../src/ldirectord/proxy/io/settings.js'
import { NAME_AND_ECHO, startServer } from '../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../ldirectord/proxy/table-values.js'
import { until } from '../real-time/until.js'

/** Local ports of the namespace, and more clients than that; they bring ports of their own. */
const [PORTS, CLIENTS, FIRST_OWN_PORT] = [8, 12, 50_000]
const NOBODY = 65_534

const workerProgram = fileURLToPath(
  new URL('../../../src/cli/daemons/ldirectord-proxy-worker.js', import.meta.url),
)
let ownPort = FIRST_OWN_PORT

async function called(port: number): Promise<{ text: string; end(): void }> {
  const socket = connect({ port, host: '127.0.0.1', localPort: ownPort++ })
  const call = { text: '', end: () => void socket.resetAndDestroy() }
  socket.on('data', chunk => {
    call.text += chunk
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    call.text = error.code ?? error.message
  })
  await until(() => call.text !== '')
  return call
}

async function scene(way: Partial<ProxySettings>) {
  const notices: string[] = []
  const plane = new DataPlane({ ...defaultSettings(), ...way }, (_, text) => notices.push(text))
  const server = await startServer(NAME_AND_ECHO('a'))
  const key = tcp('127.0.0.1', 8080)
  await plane.apply({ kind: 'addService', service: serviceOf(key) })
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf('127.0.0.1', server.port) })
  const calls = []
  for (let n = 0; n < CLIENTS; n++) calls.push(await called(8080))
  const met = calls.map(({ text }) => text)
  for (const call of calls) call.end()
  await until(() => plane.connections === 0)
  const afterwards = (await called(8080)).text

  process.seteuid?.(NOBODY)
  const refusal = await plane.apply({ kind: 'addService', service: serviceOf(tcp('127.0.0.1', 80)) })
  process.seteuid?.(0)
  const stillThere = (await called(8080)).text
  plane.closeAll()
  await server.close()
  return { met, notices, afterwards, refusal, stillThere }
}

spawnSync('ip', ['link', 'set', 'lo', 'up'])
writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`)
for (const way of [{}, { workerProgram, workers: 2, workersLeast: 2 }]) {
  console.log(JSON.stringify(await scene(way)))
  await wait(0)
}
process.exit(0)

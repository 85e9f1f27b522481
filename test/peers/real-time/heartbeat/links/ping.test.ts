/** Echoes to this machine's own loopback addresses; skipped where the rights for ICMP are missing. */
import test from 'ava'
import { openIcmpSocket } from '../../../../../src/base/io/icmp-socket.js'
import { isNativeFailure } from '../../../../../src/base/io/native.js'
import { type PingNode, PingPort } from '../../../../../src/heartbeat/links/ping.js'

const probe = openIcmpSocket()
const canPing = !isNativeFailure(probe)
if (canPing) probe.close()
const ping = canPing ? test : test.skip

ping('each host of a ping node answers with the data it was sent, under the name of the node', async t => {
  const heard: string[] = []
  let whenAll: () => void = () => {}
  const all = new Promise<void>(resolve => {
    whenAll = resolve
  })
  const nodes: PingNode[] = [
    { name: 'router', kind: 'ping', addresses: ['127.0.0.1'] },
    { name: 'group1', kind: 'ping_group', addresses: ['127.0.0.2', '127.0.0.3'] },
  ]
  const port = PingPort.open(nodes, {
    onPacket: (bytes, from) => {
      heard.push(`${from.link} ${from.address} ${bytes}`)
      if (heard.length === 3) whenAll()
    },
    onTrouble: sentence => t.fail(sentence),
  })
  if ('reason' in port) return t.fail(port.reason)
  t.teardown(() => port.close())
  // A port's timers let the process end; a test waits for it.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  port.ask(({ name }) => Buffer.from(`for ${name}`))
  await all
  t.deepEqual(heard.sort(), [
    'group1 127.0.0.2 for group1',
    'group1 127.0.0.3 for group1',
    'router 127.0.0.1 for router',
  ])
})

ping('an address that the kernel refuses is said once, until that changes', t => {
  const said: string[] = []
  const port = PingPort.open([{ name: 'all', kind: 'ping', addresses: ['255.255.255.255'] }], {
    onPacket: () => t.fail(),
    onTrouble: sentence => said.push(sentence),
  })
  if ('reason' in port) return t.fail(port.reason)
  t.teardown(() => port.close())
  for (let i = 0; i < 3; i++) port.ask(() => Buffer.from('x'))
  t.deepEqual(said, ['ping all: sending to 255.255.255.255 fails: EACCES'])
})

import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { temporaryFolder } from '../../temporary-folder.js'
import { inNode } from './in-node.js'

const compiled = fileURLToPath(new URL('../../../src/base', import.meta.url))

test('without koffi every call gives the reason and nothing throws', async t => {
  const folder = temporaryFolder(t)
  cpSync(compiled, join(folder, 'base'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const from = (file: string): string => JSON.stringify(join(folder, 'base/io', file))
  const results = await inNode(
    `import { setWatchdogTimeout } from ${from('device-control.js')}
     import { sendFrames, sendGratuitousArp } from ${from('ethernet.js')}
     import { closeDescriptor } from ${from('native.js')}
     import { peerCredentials } from ${from('peer-credentials.js')}
     import { scheduleAhead, scheduleRoundRobin } from ${from('scheduling.js')}
     import { openUdpSocket } from ${from('udp-descriptor.js')}
     console.log(JSON.stringify([
       openUdpSocket({ address: '127.0.0.1', port: 0 }),
       peerCredentials(0),
       scheduleRoundRobin(1),
       scheduleAhead(),
       sendGratuitousArp('lo', '127.0.0.1'),
       sendFrames('lo', 0x86dd, () => []),
       setWatchdogTimeout(0, 5),
       closeDescriptor(99) ?? null,
     ]))`,
  )
  const absent = { reason: 'the optional package koffi is not installed', code: 'UNAVAILABLE' }
  t.deepEqual(results, [absent, absent, absent, absent, absent, absent, absent, null])
})

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { nativeFault } from '../../../src/base/io/native.js'
import { peerCredentials } from '../../../src/base/io/peer-credentials.js'

const native = nativeFault() === null ? test : test.skip

native('the peer of a unix socket is known by process, user and group', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-native-'))
  const server = createServer().listen(join(folder, 'socket'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  t.teardown(() => server.close())
  await once(server, 'listening')
  const client = connect(join(folder, 'socket'))
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const handle = (accepted as unknown as { _handle: { fd: number } })._handle
  t.deepEqual(peerCredentials(handle.fd), {
    pid: process.pid,
    uid: process.geteuid!(),
    gid: process.getegid!(),
  })
  client.destroy()
  accepted.destroy()
})

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { nativeFault } from '../../../src/base/io/native.js'
import { peerCredentials } from '../../../src/base/io/peer-credentials.js'
import { temporaryFolder } from '../../temporary-folder.js'

const native = nativeFault() === null ? test : test.skip

native('the peer of a unix socket is known by process, user and group', async t => {
  const folder = temporaryFolder(t)
  const server = createServer().listen(join(folder, 'socket'))
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

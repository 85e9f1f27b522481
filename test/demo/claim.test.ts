import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { addressRefusal, claimState, releaseState } from '../../src/demo/claim.js'
import type { Layout } from '../../src/demo/layout.js'
import { temporaryFolder } from '../temporary-folder.js'

function folder(t: ExecutionContext): string {
  const path = temporaryFolder(t)
  return path
}

test('a free state folder is claimed with our pid, and released without a trace', t => {
  const state = join(folder(t), 'state')
  t.is(claimState(state), null)
  t.is(readFileSync(`${state}/demo.pid`, 'utf8'), `${process.pid}\n`)
  releaseState(state)
  t.false(existsSync(state))
})

test('the claim of a process that is gone, or that is something else now, does not count', t => {
  const state = folder(t)
  for (const pid of ['4194304999', '1', 'nonsense', '']) {
    writeFileSync(`${state}/demo.pid`, pid)
    t.is(claimState(state), null, `pid file "${pid}"`)
  }
})

test('a folder that cannot be made is refused in one sentence that names it', t => {
  const file = join(folder(t), 'file')
  writeFileSync(file, '')
  t.regex(
    claimState(`${file}/state`) ?? '',
    /^The demo cannot write its state folder \S+\/file\/state: [^\n]+\.$/,
  )
})

test('a port that another program uses is refused in one sentence that names it', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const layout = (taken: number): Layout => ({
    state: '',
    nodes: [],
    udpPort: 0,
    service: { address: '127.0.0.1', port: taken },
    webServers: [],
  })
  t.regex(
    (await addressRefusal(layout(port))) ?? '',
    new RegExp(`^127\\.0\\.0\\.1:${port} is in use by another program`),
  )
  t.is(await addressRefusal(layout(0)), null)
})

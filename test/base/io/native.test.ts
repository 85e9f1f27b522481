import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { cpSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { arpFrames } from '../../../src/base/arp.js'
import {
  closeDescriptor,
  isNativeFailure,
  nativeFault,
  openUdpSocket,
  peerCredentials,
  sendGratuitousArp,
} from '../../../src/base/io/native.js'
import { temporaryFolder } from '../../temporary-folder.js'

const run = promisify(execFile)
const compiled = fileURLToPath(new URL('../../../src/base', import.meta.url))
const native = nativeFault() === null ? test : test.skip

const inNode = async (folder: string, script: string): Promise<unknown> => {
  const code = `import * as native from ${JSON.stringify(`${folder}/io/native.js`)}\n${script}`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 })
  return JSON.parse(stdout)
}

test('without koffi every call gives the reason and nothing throws', async t => {
  const folder = temporaryFolder(t)
  cpSync(compiled, join(folder, 'base'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const results = await inNode(
    join(folder, 'base'),
    `console.log(JSON.stringify([
      native.openUdpSocket({ address: '127.0.0.1', port: 0 }),
      native.peerCredentials(0),
      native.scheduleRoundRobin(1),
      native.scheduleAhead(),
      native.sendGratuitousArp('lo', '127.0.0.1'),
      native.sendFrames('lo', 0x86dd, () => []),
      native.setWatchdogTimeout(0, 5),
      native.closeDescriptor(99) ?? null,
    ]))`,
  )
  const absent = { reason: 'the optional package koffi is not installed', code: 'UNAVAILABLE' }
  t.deepEqual(results, [absent, absent, absent, absent, absent, absent, absent, null])
})

native('a UDP socket bound to lo is adopted by dgram, hears lo and sends marked packets', async t => {
  const fd = openUdpSocket({ address: '127.0.0.1', port: 0, device: 'lo', lowDelay: true, broadcast: true })
  if (isNativeFailure(fd)) return t.fail(fd.reason)
  const receiver = createSocket('udp4')
  await new Promise<void>(resolve => receiver.bind({ fd }, resolve))
  const sender = createSocket('udp4')
  t.teardown(() => sender.close())
  t.teardown(() => receiver.close())
  sender.send('hello', receiver.address().port, '127.0.0.1')
  const [bytes] = await once(receiver, 'message')
  t.is(String(bytes), 'hello')
})

native('a second socket on the same address and port is refused, unless both allow it', t => {
  const open = (reuse: boolean, port = 0) =>
    openUdpSocket({ address: '127.0.0.1', port, reuseAddress: reuse, reusePort: reuse })
  const probe = createSocket('udp4')
  return new Promise<void>(resolve => {
    probe.bind(0, '127.0.0.1', () => {
      const { port } = probe.address()
      const refused = open(false, port)
      t.true(
        isNativeFailure(refused) && refused.code === 'EADDRINUSE' && refused.reason === 'bind: EADDRINUSE',
      )
      probe.close(() => {
        const both = [open(true, port), open(true, port)]
        t.false(both.some(isNativeFailure))
        for (const fd of both) if (!isNativeFailure(fd)) closeDescriptor(fd)
        resolve()
      })
    })
  })
})

native('an unknown device is named by the system, a foreign address too', t => {
  const noDevice = openUdpSocket({ address: '0.0.0.0', port: 0, device: 'nosuch0' })
  t.deepEqual(noDevice, { reason: 'SO_BINDTODEVICE: ENODEV', code: 'ENODEV' })
  const foreign = openUdpSocket({ address: '192.0.2.1', port: 0 })
  t.deepEqual(foreign, { reason: 'bind: EADDRNOTAVAIL', code: 'EADDRNOTAVAIL' })
  t.true(isNativeFailure(openUdpSocket({ address: 'example', port: 0 })))
})

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

native('realtime scheduling takes effect in all threads or says that it is not permitted', async t => {
  const { fault, policies } = (await inNode(
    compiled,
    `import { readdirSync, readFileSync } from 'node:fs'
     const fault = native.scheduleRoundRobin(1)
     const policy = thread => Number(
       readFileSync('/proc/self/task/' + thread + '/stat', 'latin1').split(') ').at(-1).split(' ')[38])
     console.log(JSON.stringify({ fault, policies: readdirSync('/proc/self/task').map(policy) }))`,
  )) as { fault: unknown; policies: number[] }
  if (fault === null) t.deepEqual([...new Set(policies.map(policy => policy & 0xff))], [2])
  else t.deepEqual(fault, { reason: 'sched_setscheduler: EPERM', code: 'EPERM' })
})

native('a process that goes before others starts children that do not', async t => {
  const { fault, own, child } = (await inNode(
    compiled,
    `import { execFileSync } from 'node:child_process'
     import { readFileSync } from 'node:fs'
     const nice = stat => Number(stat.split(') ').at(-1).split(' ')[16])
     const fault = native.scheduleAhead()
     const own = nice(readFileSync('/proc/self/stat', 'latin1'))
     const child = nice(execFileSync('cat', ['/proc/self/stat'], { encoding: 'latin1' }))
     console.log(JSON.stringify({ fault, own, child }))`,
  )) as { fault: { code: string } | null; own: number; child: number }
  if (fault === null) t.deepEqual({ own, child }, { own: -20, child: 0 })
  else t.regex(fault.code, /EPERM|EACCES|ERR_SYSTEM_ERROR/)
})

native('gratuitous ARP names the interface that is missing and the one without Ethernet', t => {
  t.is(sendGratuitousArp('nosuch0', '10.0.0.1')?.code, 'ENODEV')
  t.is(sendGratuitousArp('lo', '127.0.0.1')?.reason, 'lo has no Ethernet address')
  t.is(sendGratuitousArp('../lo', '10.0.0.1')?.code, 'EINVAL')
  t.is(sendGratuitousArp('lo', '10.0.0')?.code, 'EINVAL')
})

test('the frames of a gratuitous ARP are those of RFC 5227: a request and a reply about oneself', t => {
  const [request, reply] = arpFrames(Buffer.from('020000000001', 'hex'), Buffer.from([10, 0, 0, 1]))
  const hex = (frame?: Uint8Array): string => Buffer.from(frame ?? []).toString('hex')
  t.is(
    hex(request),
    'ffffffffffff0200000000010806' + '0001080006040001' + '0200000000010a000001' + '0000000000000a000001',
  )
  t.is(hex(reply).slice(40, 44), '0002')
  t.is(hex(reply).slice(-20), 'ffffffffffff0a000001')
})

/** Serial links over pseudo-terminals; skipped where there are none. */
import { execFileSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Link, LinkHandlers } from '../../../../../src/heartbeat/links/link.js'
import { openSerial } from '../../../../../src/heartbeat/links/serial.js'
import { closePort, join, openPort, type Port } from './pty.js'

const probe = openPort()
if (probe) closePort(probe)
const serial = probe ? test.serial : test.serial.skip

const frame = (text: string): Buffer => Buffer.from(`>>>\nt=${text}\nauth=1 0\n<<<\n`)

async function open(t: ExecutionContext, path: string, over: Partial<LinkHandlers> = {}): Promise<Link> {
  const plan = { kind: 'serial', name: path, device: path, baud: 9_600 } as const
  const handlers = { onPacket: () => {}, onTrouble: () => {}, ...over }
  const link = await openSerial(plan, handlers, { againMs: 50, stuckMs: 20 })
  if ('reason' in link) throw new Error(link.reason)
  t.teardown(() => link.close())
  return link
}

/** The slave stays open, as a driver's port does when nobody uses it. */
function port(): Port {
  const opened = openPort()!
  openSync(opened.path, 'r+')
  return opened
}

async function until(isSo: () => boolean): Promise<void> {
  for (let looked = 0; looked < 500 && !isSo(); looked++) await delay(10)
}

serial('two nodes on a line hear each other, and noise in between costs nothing else', async t => {
  const [a, b] = [port(), port()]
  t.teardown(join(a, b))
  const heard: string[] = []
  const first = await open(t, a.path, {
    onPacket: (bytes, from) => heard.push(`${from.link === a.path} ${bytes}`),
  })
  const second = await open(t, b.path)
  first.send(frame('one way'))
  second.send(Buffer.from('\x00\x11noise'))
  for (let n = 0; n < 20; n++) second.send(frame(`${n}`))
  await until(() => heard.length === 20)
  t.deepEqual(
    heard,
    Array.from({ length: 20 }, (_, n) => `true ${frame(`${n}`)}`),
  )
})

serial('the line has the speed of ha.cf, and no byte is changed on the way', async t => {
  const a = port()
  t.teardown(() => closePort(a))
  await open(t, a.path)
  const mode = execFileSync('stty', ['-F', a.path, '-a'], { encoding: 'utf8' })
  t.regex(mode, /speed 9600 baud/)
  for (const word of [
    '-echo',
    '-icanon',
    '-opost',
    '-isig',
    '-ixon',
    '-icrnl',
    'cs8',
    'clocal',
    'crtscts',
    'cread',
  ]) {
    t.true(mode.split(/[\s;]+/).includes(word), word)
  }
})

serial('what came before the link was opened is not heard', async t => {
  const [a, b] = [port(), port()]
  const leave = join(a, b)
  t.teardown(leave)
  const early = await open(t, b.path)
  execFileSync('stty', ['-F', a.path, 'raw', '-echo'])
  early.send(frame('old'))
  await until(() => early.counts.sent === 1)
  await delay(50)
  const heard: string[] = []
  await open(t, a.path, { onPacket: bytes => heard.push(String(bytes)) })
  early.send(frame('new'))
  await until(() => heard.length > 0)
  t.deepEqual(heard, [String(frame('new'))])
})

serial('a line that takes nothing costs no time: packets are dropped and that is said once', async t => {
  const a = port()
  const said: string[] = []
  const link = await open(t, a.path, { onTrouble: sentence => said.push(sentence) })
  const started = performance.now()
  for (let n = 0; n < 500; n++) {
    link.send(Buffer.alloc(300, 65))
    await delay(1)
  }
  t.true(performance.now() - started < 10_000)
  t.true(link.counts.dropped > 300)
  t.deepEqual(said, [`TTY write timeout on [${a.path}] (no connection or bad cable?)`])
  const closing = performance.now()
  await link.close()
  t.true(performance.now() - closing < 5_000)
  closePort(a)
})

serial(
  'a terminal that goes away is said once and looked for again; sending to nowhere is no fault',
  async t => {
    const a = openPort()!
    const said: string[] = []
    const link = await open(t, a.path, { onTrouble: sentence => said.push(sentence) })
    closePort(a)
    await until(() => said.length > 0)
    link.send(frame('x'))
    t.is(said.length, 1)
    t.regex(said[0]!, /^TTY write failure on \[\/dev\/pts\/\d+\]: .*tried again every 0\.05 s$/)
    // The kernel gives the lowest free number: usually the same name again.
    const again = openPort()!
    t.teardown(() => closePort(again))
    if (again.path !== a.path) return t.log(`${a.path} was taken by another program`)
    await until(() => {
      link.send(frame('back'))
      return link.counts.sent > 0
    })
    t.true(link.counts.sent > 0)
    t.is(said.at(-1), `serial line ${a.path} works again`)
  },
)

test('what is no terminal is refused with what to do', async t => {
  const plan = { kind: 'serial', name: '/dev/null', device: '/dev/null', baud: 9_600 } as const
  const link = await openSerial(plan, { onPacket: () => {}, onTrouble: () => {} })
  t.true('reason' in link)
  if ('reason' in link)
    t.regex(link.reason, /^cannot set tty attributes: \/dev\/null at 9600 baud: .*: correct the serial line/)
})

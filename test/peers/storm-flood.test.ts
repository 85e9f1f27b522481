/**
 * Floods, from the network and from clients of this machine: the other node, which complains of each heartbeat that
 * is more than one interval late, has nothing to complain of; nobody is declared dead; and the log stays small.
 */
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { encodeFrame } from '../../src/heartbeat/api/frame.js'
import { signOn } from '../../src/heartbeat/io/api-client.js'
import { isRefusal, Message } from '../../src/heartbeat/wire/message.js'
import { sealMessage } from '../../src/heartbeat/wire/packet.js'
import { keyRing } from '../../src/heartbeat/wire/signature.js'
import { project, run, until } from './harness.js'
import { type Node, owner, pair, portOf, SLOW, start } from './loopback-nodes.js'
import { peerTest } from './require.js'

const test = peerTest('python3')

const RATE = 100_000
const LISTENER = '127.79.0.3'
const STRANGER = '127.79.0.9'
const LOG_BYTES_MAX = 20_000

/** Sends the packets in turn to alpha, as `source`; the rate that was reached. */
async function flood(
  t: ExecutionContext,
  node: Node,
  source: string,
  packets: readonly Buffer[],
  seconds: number,
): Promise<number> {
  const file = join(node.root, 'flood')
  writeFileSync(file, packets.map(packet => `${packet.toString('hex')}\n`).join(''))
  const args = [file, source, '127.79.0.1', String(portOf()), String(RATE), String(seconds)]
  const sent = await run(join(project, 'test/peers/rig/flood'), args, { timeoutMs: 30_000 })
  const [count, took] = sent.stdout.split(' ').map(Number)
  t.is(sent.exitCode, 0, sent.stderr)
  return Math.round(count! / took!)
}

/** The next packets of both nodes, as they come to a third address of their ha.cf. */
async function overhear(t: ExecutionContext): Promise<Buffer[]> {
  const heard: Buffer[] = []
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(portOf(), LISTENER, resolve))
  socket.on('message', bytes => heard.push(bytes))
  t.teardown(() => socket.close())
  return heard
}

/** Alpha is flooded. Its own heartbeats are not late for beta; some of beta's may be lost where alpha's socket is full. */
function isUndisturbed(t: ExecutionContext, alpha: Node, beta: Node): void {
  t.deepEqual(beta.log.match(/.*Late heartbeat.*/g) ?? [], [], 'the heartbeats of alpha')
  for (const node of [alpha, beta]) {
    t.deepEqual(node.log.match(/.*is dead.*/g) ?? [], [], `log of ${node.name}`)
    t.true(node.log.length < LOG_BYTES_MAX, `the log of ${node.name} has ${node.log.length} bytes`)
  }
}

test('100000 packets a second with a wrong key, forged ones and replayed ones delay no heartbeat', async t => {
  const { alpha, beta } = pair(t, { haCf: [...SLOW, `ucast lo ${LISTENER}`] })
  const heard = await overhear(t)
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 20_000)
  const ring = keyRing(1, [{ number: 1, method: 'sha1', key: Buffer.from('a guess') }])!
  const wrong = sealMessage(
    Message.of(
      ['t', 'status'],
      ['st', 'active'],
      ['dt', '7530'],
      ['src', 'beta'],
      ['seq', '1f'],
      ['hg', '1'],
      ['ts', '1'],
    ),
    ring,
    'classic',
  )
  if (isRefusal(wrong)) return t.fail(wrong.reason)

  const stranger = await flood(t, alpha, STRANGER, [wrong], 5)
  isUndisturbed(t, alpha, beta)
  t.regex(
    alpha.log,
    new RegExp(`ERROR: packet from ${STRANGER} refused: the sha1 digest of key 1 does not match`),
  )
  // In the name of the peer, which must be listened to: each of these is judged.
  const forger = await flood(t, alpha, '127.79.0.2', [wrong], 3)
  isUndisturbed(t, alpha, beta)
  const replayer = await flood(t, alpha, '127.79.0.2', heard.slice(0, 50), 3)
  isUndisturbed(t, alpha, beta)
  t.true(heard.length > 50)
  t.log(`packets a second: a stranger ${stranger}, a forger ${forger}, a replayer ${replayer}`)
  for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
})

/** Writes as fast as the daemon takes it, without reading, until told to end. */
function hose(t: ExecutionContext, node: Node, ...first: readonly Buffer[]) {
  const socket = connect(register(node))
  let isOpen = true
  let written = 0
  socket.on('error', () => {})
  socket.on('close', () => {
    isOpen = false
  })
  t.teardown(() => socket.destroy())
  for (const bytes of first) socket.write(bytes)
  return {
    socket,
    get isOpen() {
      return isOpen
    },
    get written() {
      return written
    },
    pour(frame: Buffer, piecesMax: number): void {
      const more = (): void => {
        while (isOpen && written < piecesMax && socket.write(frame)) written++
      }
      socket.on('drain', more)
      more()
    },
  }
}

const register = (node: Node): string => join(node.root, 'run/heartbeat/register')
const PID = String(process.pid)
const request = (reqtype: string, name: string): Buffer =>
  encodeFrame(
    Message.of(
      ...([
        ['t', 'hbapi-req'],
        ['reqtype', reqtype],
        ['pid', PID],
        ['from_id', name],
      ] as const),
      ...([
        ['uid', String(process.geteuid?.() ?? 0)],
        ['gid', String(process.getegid?.() ?? 0)],
      ] as const),
    ),
  )
const hugeFrame = Buffer.from('ffffffffcdab0000', 'hex')

const residentMiB = (node: Node): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid('heartbeat')}/status`, 'latin1'))?.[1]) / 1_024

async function isAnswered(t: ExecutionContext, node: Node): Promise<void> {
  t.is((await node.command('cl_status', 'nodestatus', 'beta')).stdout, 'active\n')
}

test('clients that flood, stall, lie about lengths or never sign on are slowed or closed, and others are served', async t => {
  const { alpha, beta } = pair(t, {
    haCf: [...SLOW, ...['storm', 'asker'].map(name => `apiauth ${name} uid=${process.geteuid?.() ?? 0}`)],
  })
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 20_000)
  await until(
    'clients may sign on',
    10_000,
    async () => (await alpha.command('cl_status', 'hbstatus')).exitCode === 0,
  )

  const honest = await signOn(register(alpha))
  if (!('client' in honest)) return t.fail(honest.because)
  const liar = hose(t, alpha, hugeFrame)
  await until('4 GiB are refused', 15_000, () => !liar.isOpen)
  t.is((await honest.client.ask('numnodes')).at(-1)?.text('numnodes'), '2', 'another client is not touched')

  const silent: Socket[] = []
  for (let count = 0; count < 1_000; count++) {
    const socket = connect(register(alpha))
    socket.on('error', () => {})
    // Half of them begin a frame and never end it.
    if (count % 2 === 0) socket.write(hugeFrame.subarray(0, 3))
    silent.push(socket)
  }
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  const open = (): number => silent.filter(socket => !socket.destroyed && !socket.connecting).length
  await until('all but 128 are closed', 10_000, () => open() < 128)
  await isAnswered(t, alpha)
  t.is((await honest.client.ask('numnodes')).at(-1)?.text('numnodes'), '2', 'who has signed on stays')

  const asker = hose(t, alpha, request('signon', 'asker'))
  asker.pour(request('nodelist', 'asker'), 100_000)
  const talker = hose(t, alpha, request('signon', 'storm'))
  talker.pour(encodeFrame(Message.of(['t', 'storm'], ['x', 'y'.repeat(400)])), 100_000)
  await until('who has not signed on within 10 s is closed', 30_000, () => open() === 0)
  await isAnswered(t, alpha)
  // Slowed, not closed; what a socket buffer holds counts as written.
  for (const { isOpen, written } of [talker, asker])
    t.true(isOpen && written > 100 && written < 20_000, `${written}`)
  t.true(residentMiB(alpha) < 250, `${residentMiB(alpha)} MiB`)
  isUndisturbed(t, alpha, beta)
  t.notRegex(alpha.log + beta.log, /lost packet|queue is filling up/)
  t.regex(alpha.log, /client closed: it sent a frame of 4294967295 bytes/)
  t.is(alpha.log.match(/it has not signed on/g)?.length, 1, 'said once, not 872 times')
  honest.client.close()
  for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
})

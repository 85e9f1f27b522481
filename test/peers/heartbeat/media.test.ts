/**
 * One node runs heartbeat 3.0.6, the other ours, on every medium at once, each on a wire of its own: ucast, bcast, mcast,
 * ucast6, mcast6, a serial line, and ping6 beside them. Every signature and both message formats, changed by a restart of
 * both. In each round every link must come up on both nodes, and large messages, compressed, must reach the other's
 * scripts.
 */
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { bin, type HaPair, haPair, readText, run, until } from '../harness.js'
import { join, openPort, type Port } from '../real-time/heartbeat/links/pty.js'
import { peerTest } from '../require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')
const NODES = ['alpha', 'beta'] as const
type Node = (typeof NODES)[number]
const OURS: Node = 'alpha'

const COMMAND: Readonly<Record<Node, readonly string[]>> = {
  alpha: [process.execPath, bin('heartbeat'), '-f'],
  beta: ['/usr/libexec/heartbeat/heartbeat', '-f'],
}

interface Round {
  readonly auth: 'sha1' | 'md5' | 'crc'
  readonly msgfmt: 'classic' | 'netstring'
  readonly traditional: boolean
}

const ROUNDS: readonly Round[] = (['sha1', 'md5', 'crc'] as const).flatMap(auth =>
  (['classic', 'netstring'] as const).map(msgfmt => ({
    auth,
    msgfmt,
    traditional: (auth === 'md5') === (msgfmt === 'classic'),
  })),
)

const haCf = (tty: string, { msgfmt, traditional }: Round): string => `logfile /var/log/ha-log
debugfile /var/log/ha-debug
keepalive 200ms
warntime 3
deadtime 6
initdead 20
msgfmt ${msgfmt}
compression zlib
compression_threshold 1
traditional_compression ${traditional ? 'on' : 'off'}
baud 115200
udpport 694
serial ${tty}
ucast eth0 10.77.0.1
ucast eth0 10.77.0.2
bcast eth1
mcast eth2 225.0.0.1 694 1 0
ucast6 eth3 fe80::7:1
ucast6 eth3 fe80::7:2
mcast6 eth4 ff12::1:2:3:4 694 1 0
ping6 fd77::254
auto_failback on
node alpha beta
`

/** eth2 to eth4 join the nodes directly. */
async function addWires(pair: HaPair): Promise<void> {
  const ip = async (...words: string[]): Promise<void> => {
    const { exitCode, stderr } = await run('ip', words)
    if (exitCode !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`)
  }
  const [alpha, beta] = NODES.map(pair.namespace)
  for (const device of ['eth2', 'eth3', 'eth4']) {
    await ip('-n', alpha!, 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', beta!)
  }
  await ip('-n', pair.namespace('net'), 'address', 'add', 'fd77::254/64', 'dev', 'br0', 'nodad')
  for (const [at, node] of NODES.map(pair.namespace).entries()) {
    const address = (text: string, device: string) => ip('-n', node, 'address', 'add', text, 'dev', device)
    const address6 = (text: string, device: string) =>
      ip('-n', node, 'address', 'add', text, 'dev', device, 'nodad')
    await address(`10.79.0.${at + 1}/24`, 'eth2')
    await address6(`fd77::${at + 1}/64`, 'eth0')
    await address6(`fe80::7:${at + 1}/64`, 'eth3')
    await address6(`fe80::8:${at + 1}/64`, 'eth4')
    for (const device of ['eth2', 'eth3', 'eth4']) await ip('-n', node, 'link', 'set', device, 'up')
  }
  await until('the wires carry IPv6', 10_000, async () => {
    const shown = await Promise.all(
      NODES.map(pair.namespace).flatMap(node =>
        ['eth3', 'eth4'].map(device =>
          run('ip', ['-n', node, '-6', 'route', 'get', 'ff12::1:2:3:4', 'oif', device]),
        ),
      ),
    )
    return shown.every(({ exitCode, stdout }) => exitCode === 0 && /^multicast /.test(stdout))
  })
}

const logOf = (pair: HaPair, node: Node): string => readText(`${pair.folder}/${node}/log/ha-log`)

function serialPair(t: ExecutionContext): Readonly<Record<Node, Port>> {
  const alpha = openPort()
  const beta = openPort()
  if (!alpha || !beta) throw new Error('no pseudo-terminals here: /dev/ptmx or koffi is missing')
  t.teardown(join(alpha, beta))
  return { alpha, beta }
}

function configure(pair: HaPair, ports: Readonly<Record<Node, Port>>, round: Round): void {
  for (const node of NODES) {
    const haD = `${pair.folder}/${node}/ha.d`
    writeFileSync(`${haD}/ha.cf`, haCf(ports[node].path, round))
    const key = round.auth === 'crc' ? '' : ' all-media'
    writeFileSync(`${haD}/authkeys`, `auth 2\n2 ${round.auth}${key}\n`, { mode: 0o600 })
    writeFileSync(`${haD}/haresources`, '')
    // What a script of rc.d is told of a message: that it came, and its last field.
    writeFileSync(`${haD}/rc.d/probe`, '#!/bin/sh\necho "$HA_src $HA_number $HA_last" >> /run/probe.out\n')
    chmodSync(`${haD}/rc.d/probe`, 0o755)
  }
}

/** Lines of 400 bytes: the original's FIFO takes no longer ones. 4 KiB at most in one write. */
function probe(number: number, lines: number): string {
  const fields = Array.from({ length: lines }, (_, at) => `f${at}=${'large and dull '.repeat(27)}\n`).join('')
  return `>>>\nt=probe\nnumber=${number}\n${fields}last=end\n<<<\n`
}

const LINKS = ['eth0', 'eth1', 'eth2', 'eth3', 'eth4']

async function live(t: ExecutionContext, pair: HaPair, round: Round): Promise<void> {
  const ports = serialPair(t)
  configure(pair, ports, round)
  for (const node of NODES) await pair.command('start', node, ...COMMAND[node])
  const missing = (node: Node): string[] => {
    const peer = node === 'alpha' ? 'beta' : 'alpha'
    const log = logOf(pair, node)
    const wanted = [ports[node].path, ...LINKS].map(link => `Link ${peer}:${link} up.`)
    wanted.push('Link fd77::254:fd77::254 up.', `Status update for node ${peer}: status active`)
    return wanted.filter(line => !log.includes(line))
  }
  const isUp = () => NODES.every(node => missing(node).length === 0)
  await until('every link is up on both nodes', 25_000, isUp).catch(error => {
    const report = NODES.map(
      node =>
        `--- ${node} lacks ${missing(node).join('; ')}\n${logOf(pair, node)}${readText(`${pair.folder}/${node}/log/daemon.out`)}`,
    )
    throw new Error(`${error.message}\n${report.join('\n')}`)
  })
  // One message that is compressed where traditional_compression is on, and one that is not.
  const LINES = { 1: 8, 2: 1 } as const
  const say = (node: Node, number: 1 | 2): void =>
    appendFileSync(`${pair.folder}/${node}/lib/fifo`, probe(number, LINES[number]))
  for (const node of NODES) for (const number of [1, 2] as const) say(node, number)
  // With this pair of settings the original loses what its own FIFO compresses: its own scripts do not see it either.
  const wanted: { readonly ours: readonly (1 | 2)[] } = {
    ours: round.traditional && round.msgfmt === 'netstring' ? [2] : [1, 2],
  }
  const arrived = (node: Node): string => readText(`${pair.folder}/${node}/run/probe.out`)
  const [ours, theirs] = [arrived.bind(null, OURS), arrived.bind(null, 'beta')]
  // The original now and then takes no message out of its FIFO: what its own scripts did not see is said again.
  const again = setInterval(() => {
    for (const number of wanted.ours) if (!theirs().includes(`beta ${number} end`)) say('beta', number)
  }, 2_000)
  t.teardown(() => clearInterval(again))
  await until('both messages reach the scripts of both', 10_000, () => {
    return (
      wanted.ours.every(n => ours().includes(`beta ${n} end`)) &&
      [1, 2].every(n => theirs().includes(`alpha ${n} end`))
    )
  }).catch(error => {
    throw new Error(
      `${error.message}\nours: ${ours()}\ntheirs: ${theirs()}\n${NODES.map(node => logOf(pair, node)).join('\n---\n')}`,
    )
  })
  clearInterval(again)
  for (const node of NODES) {
    const complaints = logOf(pair, node)
      .split('\n')
      .filter(line => /\b(ERROR|CRIT):/.test(line) && !line.includes('Cannot lock ourselves into memory'))
    t.deepEqual(complaints, [], `${node}: ${JSON.stringify(round)}`)
  }
}

async function endRound(pair: HaPair): Promise<void> {
  for (const node of NODES) await pair.command('kill', node, 'KILL', '[h]eartbeat')
  await until('both have ended', 20_000, async () => {
    const shown = await Promise.all(NODES.map(node => pair.command('procs', node)))
    return shown.every(text => !/[h]eartbeat(:|\.cjs|\/heartbeat)/.test(text))
  })
  // State and addresses stay: the next round is a restart of both.
  for (const node of NODES) {
    for (const file of ['log/ha-log', 'log/ha-debug', 'log/daemon.out', 'run/probe.out']) {
      rmSync(`${pair.folder}/${node}/${file}`, { force: true })
    }
  }
}

for (const auth of ['sha1', 'md5', 'crc'] as const) {
  test(`${auth}: heartbeat 3.0.6 and ours hear each other on all six media, in both formats, and read what the other compresses`, async t => {
    t.timeout(60_000)
    const pair = await haPair(t, {})
    await addWires(pair)
    for (const round of ROUNDS.filter(one => one.auth === auth)) {
      await live(t, pair, round)
      await endRound(pair)
    }
  })
}

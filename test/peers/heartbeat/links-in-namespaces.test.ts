/**
 * Two nodes in network namespaces joined by two cables: device binding, broadcast and multicast as they are in a real
 * cluster.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { MediaLine } from '../../../src/heartbeat/links/link-plan.js'
import { reaper } from '../reaper.js'
import { needs, peerTest } from '../require.js'

const needed = ['net-admin', 'iproute2'] as const
const peers = peerTest(...needed)
const isHere = needs(needed) === null
const links = fileURLToPath(new URL('../../../src/heartbeat/links', import.meta.url))
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', timeout: 10_000 })
const names = ['a', 'b'].map(side => `syst-${process.pid}-${side}`)

/** eth1 is 10.78.0.0/24 and eth2 is 10.79.0.0/24, node 1 and node 2 directly joined. */
let callOff = (): void => {}

function buildNetwork(): void {
  callOff = reaper(['sh', '-c', names.map(name => `ip netns delete ${name}`).join('; ')])
  for (const name of names) {
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
  }
  for (const [device, network] of [
    ['eth1', '10.78.0'],
    ['eth2', '10.79.0'],
  ] as const) {
    ip('-n', names[0]!, 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', names[1]!)
    names.forEach((name, at) => {
      ip('-n', name, 'address', 'add', `${network}.${at + 1}/24`, 'dev', device)
      ip('-n', name, 'link', 'set', device, 'up')
    })
  }
}

function removeNetwork(): void {
  callOff()
  for (const name of names) {
    try {
      ip('netns', 'delete', name)
    } catch {
      // it was never made
    }
  }
}

/** A node: opens the links of its ha.cf lines, then answers every packet once with `LINK heard TEXT`. */
const nodeScript = `
  import { openLinks, readMachine } from ${JSON.stringify(`${links}/open-links.js`)}
  import { planLinks } from ${JSON.stringify(`${links}/plan.js`)}
  const [lines, speaks] = JSON.parse(process.argv[1])
  const { plans } = planLinks(lines, await readMachine([]))
  const links = await openLinks(plans, {
    onTrouble: sentence => console.log('trouble ' + sentence),
    onPacket: (bytes, from) => console.log(from.link + ' hears ' + bytes + ' of ' + from.address),
  })
  if ('reason' in links) { console.log(links.reason); process.exit(1) }
  console.log('open ' + links.map(link => link.kind + ' ' + link.name).join(', '))
  if (speaks) for (const link of links) link.send(Buffer.from(link.kind + ' ' + link.name))
  setTimeout(() => process.exit(0), 15000)
`

function startNode(name: string, lines: readonly MediaLine[], speaks: boolean): ChildProcess {
  const command = [process.execPath, '--input-type=module', '-e', nodeScript, JSON.stringify([lines, speaks])]
  return spawn('ip', ['netns', 'exec', name, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Lines of output until there are so many, in order of the alphabet. */
async function outputOf(
  child: ChildProcess,
  count: number,
  until?: (lines: string[]) => void,
): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    until?.(lines)
    if (lines.length >= count) break
  }
  return lines.sort()
}

async function exchange(
  t: { teardown(undo: () => void): void },
  lines: readonly MediaLine[],
  packets: number,
) {
  const listener = startNode(names[1]!, lines, false)
  t.teardown(() => listener.kill())
  let speaker: ChildProcess | undefined
  t.teardown(() => speaker?.kill())
  return outputOf(listener, packets + 1, () => {
    speaker ??= startNode(names[0]!, lines, true)
  })
}

test.before(() => {
  if (isHere) buildNetwork()
})
test.after.always(() => {
  if (isHere) removeNetwork()
})

const port = 694
const ucast = (line: number, device: string, address: string): MediaLine => ({
  directive: 'ucast',
  line,
  device,
  address,
  port,
})

peers('two ucast links hear each on its own device', async t => {
  const lines = [
    ucast(1, 'eth1', '10.78.0.1'),
    ucast(2, 'eth1', '10.78.0.2'),
    ucast(3, 'eth2', '10.79.0.1'),
    ucast(4, 'eth2', '10.79.0.2'),
  ]
  t.deepEqual(await exchange(t, lines, 2), [
    'eth1 hears ucast eth1 of 10.78.0.1',
    'eth2 hears ucast eth2 of 10.79.0.1',
    'open ucast eth1, ucast eth2',
  ])
})

peers('ucast and bcast on one device, mcast on the other, each hears its own', async t => {
  const lines: MediaLine[] = [
    ucast(1, 'eth1', '10.78.0.1'),
    ucast(2, 'eth1', '10.78.0.2'),
    { directive: 'bcast', line: 3, device: 'eth1', port },
    { directive: 'mcast', line: 4, device: 'eth2', group: '225.0.0.1', port, ttl: 1, loop: false },
  ]
  t.deepEqual(await exchange(t, lines, 3), [
    'eth1 hears ucast eth1 of 10.78.0.1',
    'eth1#2 hears bcast eth1#2 of 10.78.0.1',
    'eth2 hears mcast eth2 of 10.79.0.1',
    'open ucast eth1, bcast eth1#2, mcast eth2',
  ])
})

peers('a node whose interface is taken down knows its own address and says who is not reached', async t => {
  const lines = [ucast(1, 'eth1', '10.78.0.1'), ucast(2, 'eth1', '10.78.0.2')]
  ip('-n', names[0]!, 'link', 'set', 'eth1', 'down')
  t.teardown(() => ip('-n', names[0]!, 'link', 'set', 'eth1', 'up'))
  const speaker = startNode(names[0]!, lines, true)
  t.teardown(() => speaker.kill())
  const said = await outputOf(speaker, 2)
  t.is(said[0], 'open ucast eth1')
  t.regex(said[1]!, /^trouble link eth1: sending to 10\.78\.0\.2 port 694 fails: E[A-Z]+$/)
})

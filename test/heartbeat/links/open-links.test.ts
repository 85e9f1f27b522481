import test from 'ava'
import type { LinkHandlers } from '../../../src/heartbeat/links/link.js'
import type { LinkPlan, MediaLine, UcastPlan } from '../../../src/heartbeat/links/link-plan.js'
import { openLinks, readMachine, resolveMediaLines } from '../../../src/heartbeat/links/open-links.js'
import { planLinks } from '../../../src/heartbeat/links/plan.js'
import { loopbackNetwork } from '../../contract/link/ports.js'
import { freePort } from '../../free-port.js'

const deaf: LinkHandlers = { onPacket: () => {}, onTrouble: () => {} }

const ucast = (address: string, port: number, over: Partial<UcastPlan> = {}): UcastPlan => ({
  kind: 'ucast',
  name: 'lo',
  device: 'lo',
  port,
  peers: [],
  listen: { address, port, device: null },
  source: { address, port: 0, device: null },
  ...over,
})

async function failureOf(plans: LinkPlan[]): Promise<string> {
  const opened = await openLinks(plans, deaf)
  if ('reason' in opened) return opened.reason
  for (const link of opened) await link.close()
  return 'opened'
}

test('an address in use is named with what to do, and nothing half opened stays behind', async t => {
  const [address, other] = [`${loopbackNetwork()}.1`, `${loopbackNetwork()}.1`]
  const port = await freePort()
  const first = await openLinks([ucast(address, port)], deaf)
  if ('reason' in first) return t.fail(first.reason)
  t.is(
    await failureOf([ucast(other, port), ucast(address, port)]),
    `link lo: ${address} UDP port ${port} is in use by another program: stop that one, or choose another udpport`,
  )
  for (const link of first) await link.close()
  t.is(await failureOf([ucast(other, port), ucast(address, port)]), 'opened')
})

test('an address of another machine is named', async t => {
  t.is(
    await failureOf([ucast('192.0.2.1', await freePort())]),
    'link lo: 192.0.2.1 is not an address of this machine: bring the interface up first',
  )
})

test('two links on lo are heard each under its own name', async t => {
  const port = await freePort()
  const [one, two] = [loopbackNetwork(), loopbackNetwork()]
  const lines: MediaLine[] = [`${one}.1`, `${one}.2`, `${two}.1`, `${two}.2`].map((address, at) => ({
    directive: 'ucast',
    line: at + 1,
    device: 'lo',
    address,
    port,
  }))
  const open = async (node: number, handlers: LinkHandlers) => {
    const links = await openLinks(
      planLinks(lines, await readMachine([`${one}.${node}`, `${two}.${node}`])).plans,
      handlers,
    )
    if ('reason' in links) throw new Error(links.reason)
    t.teardown(() => Promise.all(links.map(link => link.close())))
    return links
  }
  const heard: string[] = []
  const both = new Promise<void>(resolve => {
    const onPacket: LinkHandlers['onPacket'] = (bytes, from) => {
      heard.push(`${from.link} ${from.address} ${bytes}`)
      if (heard.length === 2) resolve()
    }
    open(2, { onPacket, onTrouble: () => {} }).then(async () => {
      for (const link of await open(1, deaf)) link.send(Buffer.from(`on ${link.name}`))
    })
  })
  await both
  t.deepEqual(heard.sort(), [`lo ${one}.1 on lo`, `lo#2 ${two}.1 on lo#2`])
})

test('links that must share a socket are told apart by the sender', async t => {
  const port = await freePort()
  const network = loopbackNetwork()
  const at = `${network}.9`
  const heard: string[] = []
  const three = new Promise<void>(resolve => {
    const onPacket: LinkHandlers['onPacket'] = (bytes, from) => {
      heard.push(`${from.link}: ${bytes}`)
      if (heard.length === 3) resolve()
    }
    const open = openLinks(
      [
        ucast(at, port, { name: 'eth0', peers: [`${network}.1`] }),
        ucast(at, port, { name: 'eth1', peers: [`${network}.2`] }),
      ],
      { onPacket, onTrouble: () => {} },
    )
    open.then(async links => {
      if ('reason' in links) return t.fail(links.reason)
      t.teardown(() => Promise.all(links.map(link => link.close())))
      for (const node of [1, 2, 3]) {
        const sender = await openLinks([ucast(`${network}.${node}`, port, { peers: [at] })], deaf)
        if ('reason' in sender) return t.fail(sender.reason)
        sender[0]!.send(Buffer.from(`from ${node}`))
        t.teardown(() => sender[0]!.close())
      }
    })
  })
  await three
  t.deepEqual(heard.sort(), ['eth0: from 1', 'eth0: from 3', 'eth1: from 2'])
})

test('a host name in a ucast line becomes an address once; an unknown one is named', async t => {
  const line = (address: string): MediaLine => ({
    directive: 'ucast',
    line: 1,
    device: 'lo',
    address,
    port: 694,
  })
  t.deepEqual(await resolveMediaLines([line('localhost'), line('10.0.0.1')]), [
    line('127.0.0.1'),
    line('10.0.0.1'),
  ])
  const unknown = await resolveMediaLines([line('no.such.host.invalid')])
  t.is(
    'reason' in unknown && unknown.reason,
    'ucast lo no.such.host.invalid: cannot resolve the host name: write the address instead',
  )
})

test('this machine has a loopback interface, whatever else', async t => {
  const { interfaces } = await readMachine([])
  const lo = interfaces.find(({ name }) => name === 'lo')
  t.true(lo?.addresses.some(({ address, netmask }) => address === '127.0.0.1' && netmask === '255.0.0.0'))
})

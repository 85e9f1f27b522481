/**
 * What every link must do, whatever carries it. A case opens two links that reach each other, and waits for packets,
 * never for time; a packet that does not come lets the test run into its time limit.
 */
import type { ExecutionContext } from 'ava'
import type { Link, LinkHandlers, PacketOrigin } from '../../../src/heartbeat/links/link.js'

/** Whatever has arrived is handed over in one turn of the event loop. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export type OpenPair = (first: LinkHandlers, second: LinkHandlers) => Promise<readonly [Link, Link]>

interface End {
  readonly link: Link
  readonly heard: { bytes: Buffer; from: PacketOrigin }[]
  readonly troubles: string[]
  /** Resolves when a packet with these bytes has come. */
  hears(bytes: Uint8Array): Promise<PacketOrigin>
}

async function openEnds(t: ExecutionContext, openPair: OpenPair): Promise<[End, End]> {
  const prepared = [0, 1].map(() => {
    const heard: End['heard'] = []
    const troubles: string[] = []
    const waiting: { bytes: Uint8Array; found: (from: PacketOrigin) => void }[] = []
    const handlers: LinkHandlers = {
      onTrouble: sentence => troubles.push(sentence),
      onPacket: (bytes, from) => {
        heard.push({ bytes, from })
        for (const wish of waiting) if (bytes.equals(wish.bytes)) wish.found(from)
      },
    }
    const hears = (bytes: Uint8Array): Promise<PacketOrigin> => {
      const already = heard.find(packet => packet.bytes.equals(bytes))
      if (already) return Promise.resolve(already.from)
      return new Promise(found => waiting.push({ bytes, found }))
    }
    return { handlers, heard, troubles, hears }
  })
  const [first, second] = prepared
  const [a, b] = await openPair(first!.handlers, second!.handlers)
  t.teardown(async () => {
    await a.close()
    await b.close()
  })
  return [
    { link: a, ...first! },
    { link: b, ...second! },
  ]
}

type Case = (t: ExecutionContext, a: End, b: End) => Promise<void>

const text = (words: string): Buffer => Buffer.from(words)

const cases: Record<string, Case> = {
  'what one end sends, the other hears, byte for byte, and the other way round': async (t, a, b) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    a.link.send(bytes)
    await b.hears(bytes)
    b.link.send(text('answer'))
    await a.hears(text('answer'))
    t.deepEqual(a.troubles.concat(b.troubles), [])
  },

  'a packet names the link it came in on and the address of its sender': async (t, a, b) => {
    a.link.send(text('who am I'))
    const from = await b.hears(text('who am I'))
    t.is(from.link, b.link.name)
    t.regex(from.address, /^\d+\.\d+\.\d+\.\d+$/)
  },

  'fifty packets arrive in their order': async (t, a, b) => {
    const packets = Array.from({ length: 50 }, (_, n) => text(`packet ${n}`))
    for (const packet of packets) a.link.send(packet)
    await b.hears(packets.at(-1)!)
    t.deepEqual(
      b.heard.map(({ bytes }) => String(bytes)),
      packets.map(String),
    )
  },

  'what is no message is handed on like anything else, also nothing at all': async (t, a, b) => {
    a.link.send(text('\0\xff not a message'))
    a.link.send(new Uint8Array(0))
    await b.hears(text('\0\xff not a message'))
    await b.hears(new Uint8Array(0))
    t.pass()
  },

  'a packet of 60000 bytes arrives whole; one larger than a datagram is dropped with a sentence, once':
    async (t, a, b) => {
      const large = Buffer.alloc(60_000, 'x')
      a.link.send(large)
      await b.hears(large)
      const dropped = a.link.counts.dropped
      a.link.send(Buffer.alloc(70_000))
      a.link.send(Buffer.alloc(70_000))
      t.is(a.link.counts.dropped, dropped + 2)
      t.is(a.troubles.length, 1)
      t.regex(a.troubles[0]!, /a packet of 70000 bytes/)
      a.link.send(text('still here'))
      await b.hears(text('still here'))
    },

  'a flood is sent or dropped, never kept, and the link works afterwards': async (t, a, b) => {
    for (let n = 0; n < 2_000; n++) a.link.send(text(`flood ${n}`))
    // Packets may be lost in a flood: ask again until one gets through.
    const through = b.hears(text('afterwards'))
    let isThrough = false
    through.then(() => {
      isThrough = true
    })
    for (let tries = 0; tries < 20_000 && !isThrough; tries++) {
      if (tries % 100 === 0) a.link.send(text('afterwards'))
      await turn()
    }
    await through
    const { sent, dropped } = a.link.counts
    t.true(sent + dropped > 2_000)
    t.true(b.heard.length <= sent)
  },

  'after close nothing is sent, nothing is heard, and closing again is harmless': async (t, a, b) => {
    a.link.send(text('before'))
    await b.hears(text('before'))
    await b.link.close()
    await b.link.close()
    const { sent } = b.link.counts
    const before = a.link.counts.sent
    b.link.send(text('into the void'))
    t.is(b.link.counts.sent, sent)
    const heard = b.heard.length
    a.link.send(text('after'))
    // The packet has left, and the kernel hands over within the machine at once.
    for (let tries = 0; tries < 20_000 && a.link.counts.sent === before; tries++) await turn()
    for (let looks = 0; looks < 10; looks++) await turn()
    t.is(b.heard.length, heard)
  },
}

/** The cases as tests of one kind of link. */
export function contractTests(
  kind: string,
  openPair: OpenPair,
  register: (title: string, run: (t: ExecutionContext) => Promise<void>) => void,
): void {
  for (const [title, run] of Object.entries(cases)) {
    register(`${kind}: ${title}`, async t => {
      const [a, b] = await openEnds(t, openPair)
      await run(t, a, b)
    })
  }
}

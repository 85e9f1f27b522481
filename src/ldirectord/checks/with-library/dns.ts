/**
 * `service=dns`: asks for the address of `request` (or, when it is an address, for its name) over UDP, over TCP for a
 * TCP service, and is up when an A or PTR record of the answer matches `receive`. Without `receive` nothing matches.
 */
import { randomInt } from 'node:crypto'
import { isIP, isIPv4, type Socket } from 'node:net'
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet'
import { type Check, failed, type Outcome, type Probe, passed } from '../check.js'
import { askDatagram } from '../datagram.js'
import { mismatch } from '../receive.js'
import { limitBytes, opened, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'

/** A message and its length. */
const STREAM_BYTES_MAX = 65_537

export const checkDns: Check = async (probe, signal, progress) => {
  const name = probe.request.replace(/^\//, '')
  if (name === '') return failed('ERROR', 'service=dns needs a request: the name to ask for')
  if (probe.receive === '') return failed('ERROR', 'service=dns needs receive: without it no answer matches')
  const { id, query } = question(name)
  const overTcp = async (): Promise<Outcome> => {
    const socket = startStream(probe, { secure: null, signal, progress })
    try {
      limitBytes(socket, STREAM_BYTES_MAX)
      const answer = message(socket)
      answer.catch(() => {}) // awaited below, unless the connection fails first
      await opened(socket, false)
      socket.write(Buffer.concat([lengthOf(query), query]))
      return verdict(read(await answer, id), probe)
    } finally {
      socket.destroy()
    }
  }
  if (probe.protocol === 'tcp') return overTcp()
  let isCut = false
  const outcome = await askDatagram(probe, { signal, progress, isRepeated: true }, () => ({
    request: query,
    read: datagram => {
      const packet = read(datagram, id)
      isCut = packet !== null && packet !== 'foreign' && packet.flag_tc === true
      return packet === 'foreign' ? null : verdict(packet, probe)
    },
  }))
  return isCut && !outcome.passed ? overTcp() : outcome
}

function question(name: string): { readonly id: number; readonly query: Buffer } {
  const id = randomInt(1, 65_536)
  const asked = isIP(name) ? { type: 'PTR' as const, name: reverseName(name) } : { type: 'A' as const, name }
  return { id, query: encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [asked] }) }
}

/** 192.0.2.7 as 7.2.0.192.in-addr.arpa; IPv6 by its 32 digits (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  // The URL parser writes a dotted end as two groups and the rest in its shortest form.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = short.split('::')
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : [])
  const missing = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...groups(tail)]
  const digits = all.map(group => group.padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}

/** null: not DNS. */
function read(bytes: Buffer, id: number): (Packet & { flag_tc?: boolean }) | 'foreign' | null {
  try {
    const packet = decode(bytes)
    return packet.type === 'response' && packet.id === id ? packet : 'foreign'
  } catch {
    return null // the decoder throws on whatever is no message
  }
}

function verdict(packet: ReturnType<typeof read>, probe: Probe): Outcome {
  if (packet === null || packet === 'foreign') return failed('L7RSP', 'the answer is not DNS')
  const texts = (packet.answers ?? []).map(textOf).filter(text => text !== null)
  for (const text of texts) {
    const fault = mismatch(probe.receive, Buffer.from(text))
    if (fault === null) return { ...passed(text), answer: 'Success' }
    if (fault.code === 'ERROR') return fault
  }
  const { rcode } = packet as { rcode?: string }
  const no = texts.length === 0 && rcode !== undefined && rcode !== 'NOERROR'
  return no
    ? { ...failed('L7STS', rcode), answer: 'Connection timed out' }
    : {
        ...failed('L7CONTENT', `none of ${texts.length} A and PTR records matches receive`),
        answer: 'Response mismatch',
      }
}

const textOf = (record: Answer): string | null =>
  record.type === 'A' || record.type === 'PTR' ? String(record.data) : null

function lengthOf(query: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(query.length)
  return length
}

/** The message behind its two bytes of length. */
function message(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      if (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0))
        resolve(heard.subarray(2, 2 + heard.readUInt16BE(0)))
    })
    const closed = (): void => reject(protocolFault('closed before the answer was complete'))
    socket.once('error', reject)
    socket.once('end', closed)
    socket.once('close', closed)
  })
}

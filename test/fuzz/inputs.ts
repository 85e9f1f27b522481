/**
 * Hostile input, made from a seed: recorded packets with bytes changed, cut, doubled and spliced, and messages made by
 * a grammar of everything that the protocol knows, with values at and beyond every limit.
 */
import type { Prng } from '../../src/base/prng.js'
import { isFieldName, isFieldText } from '../../src/heartbeat/wire/fields.js'
import { type FieldValue, isRefusal, Message } from '../../src/heartbeat/wire/message.js'
import { encodeNetstring } from '../../src/heartbeat/wire/netstring.js'
import { openPacket } from '../../src/heartbeat/wire/packet.js'
import { type AuthKey, type KeyRing, keyRing } from '../../src/heartbeat/wire/signature.js'
import { readCapture } from '../captures/read-pcap.js'

export interface Sample {
  readonly ring: KeyRing
  readonly payload: Buffer
}

const ringOf = (...keys: [AuthKey, ...AuthKey[]]): KeyRing => keyRing(keys[0].number, keys)!
const sha1: AuthKey = { number: 3, method: 'sha1', key: Buffer.from('hbw-sha1-key') }
const md5: AuthKey = { number: 1, method: 'md5', key: Buffer.from('hbw-md5-key') }
const first: AuthKey = { number: 1, method: 'sha1', key: Buffer.from('hbw-secret') }
export const RING = ringOf(first, sha1)
const MD5_RING = ringOf(md5)

/** Signed with HMAC: a checksum as the only key guards against noise alone, and mutations may well find one. */
export function recordedSamples(): Sample[] {
  const captures = [
    'auth-md5-classic',
    'auth-sha1-classic',
    'auth-sha1-netstring',
    'idle',
    'forge',
    'standby-legacy',
  ]
  return captures.flatMap(capture => {
    const ring = capture.includes('md5') ? MD5_RING : RING
    return readCapture(capture)
      .filter(({ payload }) => !isRefusal(openPacket(payload, ring)))
      .slice(0, 12)
      .map(({ payload }) => ({ ring, payload }))
  })
}

const PIECES = [
  ...[
    '###\n',
    '%%%\n',
    '>>>\n',
    '<<<\n',
    '(0)t=',
    '(1)b=',
    '(2)s=',
    '(3)l=',
    '(5)z=',
    '=',
    ',',
    ':',
    '\0',
    '\n',
  ],
  ...[
    '4294967295:',
    '262144:',
    '262145:',
    '0:,',
    '00:',
    '42:1 ',
    '5:1 abc,',
    '\x14',
    '\x13',
    'auth=1 00',
    '(9)x=y',
  ],
]

/** Some edits of a recorded or a made text, each small or coarse. */
export function mutate(random: Prng, bytes: Buffer, other: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let edits = random.between(1, 4); edits > 0; edits--) {
    const at = random.between(0, result.length)
    const end = Math.min(result.length, at + random.between(0, 40))
    const [head, tail] = [result.subarray(0, at), result.subarray(at)]
    switch (random.between(0, 6)) {
      case 0:
        if (at < result.length) result[at]! ^= 1 << random.between(0, 7)
        break
      case 1:
        if (at < result.length) result[at] = random.between(0, 255)
        break
      case 2:
        result = Buffer.concat([head, Buffer.from(random.pick(PIECES), 'latin1'), tail])
        break
      case 3:
        result = Buffer.concat([head, result.subarray(end)])
        break
      case 4:
        result = Buffer.concat([head, result.subarray(at, end), tail])
        break
      case 5:
        result = Buffer.from(random.chance(0.5) ? head : tail)
        break
      default:
        result = Buffer.concat([head, other.subarray(random.between(0, other.length))])
    }
  }
  return result
}

const NODES = [
  'beta',
  'beta',
  'beta',
  'beta',
  'alpha',
  'BETA',
  'gamma',
  '10.0.0.9',
  'delta',
  '',
  'x'.repeat(300),
]
const CLASSES = ['none', 'local', 'foreign', 'all', 'ALL', '', 'both']
const NUMBERS = [
  '0',
  '1',
  '2',
  '9',
  '1f4',
  'ffffffff',
  '100000000',
  '-1',
  'ffffffffffffffffffff',
  'x',
  '',
  '1e9',
  ' 7',
]
const TYPES = [
  ...[
    'status',
    'status',
    'status',
    'NS_st',
    'NS_ackmsg',
    'NS_rexmit',
    'NS_nak_rexmit',
    'resource',
    'ask_resources',
  ],
  ...[
    'hb_takeover',
    'starting',
    'shutdone',
    'reqnodes',
    'repnodes',
    'addnode',
    'delnode',
    'setweight',
    'setsite',
  ],
  ...[
    'ip-request',
    'ip-request-resp',
    'systole',
    'query-cstatus',
    'respond-cstatus',
    'hbapi-clstat',
    'ifstat',
    't_api',
  ],
  ...['session', '', 'constructor', '__proto__', 'NS_', 'any\nlines'],
]
const INFOS = ['me', 'other', 'done', 'standby', 'giveme', 'x']

const hex = (number: number): string => number.toString(16)

/** What a value of that name may look like: mostly what is asked for, sometimes anything. */
function peerValue(random: Prng, name: string): FieldValue {
  if (random.chance(0.03))
    return Uint8Array.from({ length: random.between(0, 40) }, () => random.between(0, 255))
  if (random.chance(0.01))
    return { type: 2, raw: Uint8Array.from(encodeNetstring(Message.of(['in', 'side']))) }
  if (random.chance(0.01)) return 'y'.repeat(random.pick([255, 5_000, 60_000]))
  switch (name) {
    case 'st':
      return random.pick(['active', 'active', 'up', 'init', 'dead', 'ping', 'gone'])
    case 'rsc_hold':
      return random.pick(CLASSES)
    case 'info':
      return random.pick(INFOS)
    case 'rtype':
      return random.pick(['full', 'full', 'delta', ''])
    case 'isstable':
    case 'asks':
    case 'doubt':
      return random.pick(['0', '1', '2'])
    case 'dest':
    case 'node':
      return random.pick(['alpha', 'alpha', ...NODES])
    case 'nodelist':
      return random.chance(0.5) ? `beta n${random.between(0, 100_000)} ` : 'm '.repeat(random.between(0, 300))
    case 'site':
      return 's'.repeat(random.pick([0, 8, 300, 50_000]))
    case 'conf':
      return `keepalive:${random.between(1, 9)} haresources:${random.between(1, 9)} nodes:x`
    default:
      return random.chance(0.5) ? random.pick(NUMBERS) : hex(random.between(0, 2_000))
  }
}

const EXTRAS: Readonly<Record<string, readonly string[]>> = {
  status: ['st', 'dt', 'protocol'],
  NS_st: ['st'],
  NS_ackmsg: ['dest', 'ackseq'],
  NS_rexmit: ['dest', 'firstseq', 'lastseq'],
  NS_nak_rexmit: ['dest', 'firstseq', 'info'],
  resource: ['rsc_hold', 'rtype', 'isstable', 'info'],
  ask_resources: ['rsc_hold', 'info'],
  hb_takeover: ['rsc_hold'],
  repnodes: ['dest', 'nodelist', 'delnodelist'],
  addnode: ['nodelist'],
  delnode: ['nodelist'],
  setweight: ['node', 'weight'],
  setsite: ['node', 'site'],
  'ip-request': ['node', 'ipaddr', 'info'],
  'ip-request-resp': ['node', 'ok', 'info'],
  systole: ['rsc_hold', 'isstable', 'doubt', 'pings', 'asks', 'conf'],
  'query-cstatus': ['dest', 'cn', 'from_id'],
}

/** The number and generation that the next message of an attentive sender would carry. */
export interface Speaker {
  seq: number
  generation: number
}

/** A message as a holder of the key may send it, from well-formed to absurd. */
export function hostileMessage(random: Prng, speaker: Speaker): Message {
  const type = random.pick(TYPES)
  const names = Object.hasOwn(EXTRAS, type) ? EXTRAS[type]! : ['to_id', 'cn', 'x']
  const pairs: [string, FieldValue][] = [['t', type]]
  for (const name of names) if (random.chance(0.9)) pairs.push([name, peerValue(random, name)])
  if (random.chance(0.02)) speaker.generation += random.pick([1, 1, 2, 1_000])
  speaker.seq += random.pick([1, 1, 1, 1, 1, 2, 5, 40, 0, -3, 300, 100_000])
  speaker.seq = Math.max(0, speaker.seq % 0xffff_fff0)
  pairs.push(['src', random.pick(NODES)])
  if (random.chance(0.95)) pairs.push(['seq', hex(speaker.seq)])
  const generation = speaker.generation - (random.chance(0.05) ? 1 : 0)
  if (random.chance(0.95)) pairs.push(['hg', hex(generation)])
  if (random.chance(0.97)) pairs.push(['ts', random.chance(0.9) ? '6b00fbf0' : random.pick(NUMBERS)])
  if (random.chance(0.3)) pairs.push(['ttl', random.pick(NUMBERS)])
  return writable(pairs)
}

const REQUESTS = [
  ...[
    'signon',
    'signon',
    'signoff',
    'setfilter',
    'setsignal',
    'set_sendqlen',
    'clientstatus',
    'nodelist',
    'nodestatus',
  ],
  ...['nodeweight', 'nodesite', 'nodetype', 'numnodes', 'iflist', 'ifstatus', 'getparm', 'getrsc', 'getuuid'],
  ...['getnodename', 'toString', '__proto__', 'nothing', ''],
]

/** A message as a client of the register socket may send it. */
export function clientMessage(random: Prng, pid: number): Message {
  if (random.chance(0.2)) return hostileMessage(random, { seq: 1, generation: 1 })
  const claimed = String(random.chance(0.97) ? pid : random.between(-1, 9))
  const pairs: [string, FieldValue][] = [
    ['t', 'hbapi-req'],
    ['reqtype', random.pick(REQUESTS)],
    ['pid', claimed],
    ['from_id', random.pick([claimed, 'ipfail', 'ipfail', 'ipfail', 'ccm', '', 'n'.repeat(40)])],
    ['uid', random.chance(0.95) ? '0' : random.pick(['1', 'x', ''])],
    ['gid', random.chance(0.95) ? '0' : random.pick(['1', 'x', ''])],
  ]
  for (const name of ['node', 'cn', 'ifname', 'pname', 'fmask', 'signal', 'queryname', 'queryuuid'])
    if (random.chance(0.5)) pairs.push([name, clientValue(random, name)])
  return writable(pairs)
}

function clientValue(random: Prng, name: string): FieldValue {
  switch (name) {
    case 'ifname':
      return random.pick(['eth1', 'eth9'])
    case 'pname':
      return random.pick(['deadtime', 'crm', '__proto__', 'x'])
    case 'fmask':
      return random.pick(['1', '3f', '0', 'ffffffff', 'zz'])
    case 'signal':
      return random.pick(['0', '10', '9', '19', '64', 'x'])
    case 'queryuuid':
      return Uint8Array.from({ length: random.pick([0, 16, 17]) }, () => 7)
    default:
      return random.pick(NODES)
  }
}

/** Only what an encoder takes: what cannot be written at all is the business of the byte mutations. */
function writable(pairs: readonly (readonly [string, FieldValue])[]): Message {
  return Message.of(
    ...pairs.filter(
      ([name, value]) => isFieldName(name) && (typeof value !== 'string' || isFieldText(value)),
    ),
  )
}

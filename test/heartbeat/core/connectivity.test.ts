/** The expected messages are those of the packaged ipfail, read from the captures of two originals. */
import test from 'ava'
import { Connectivity, type Outcome } from '../../../src/heartbeat/core/connectivity.js'
import { isRefusal, Message } from '../../../src/heartbeat/wire/message.js'
import { decodePacket } from '../../../src/heartbeat/wire/packet.js'
import { readCapture } from '../../captures/read-pcap.js'

/** What the daemon adds to a client's message. */
const STAMPED = /^(?:destuuid|srcuuid|seq|hg|ts|ld|ttl|auth)$/

const fieldsOf = (message: Message, withSource: boolean): string =>
  message.fields
    .filter(({ name }) => !STAMPED.test(name) && (withSource || name !== 'src'))
    .map(({ name, value }) => `${name}=${value}`)
    .join(' ')

/** The messages of the packaged ipfail in a capture, each once, as it gave them to its daemon. */
function recorded(capture: string, source: string): string[] {
  const messages = readCapture(capture).flatMap(({ payload, protocol }) => {
    const packet = protocol === 'udp' ? decodePacket(payload) : null
    return packet && !isRefusal(packet) ? [packet.message] : []
  })
  const spoken = messages.filter(
    message => message.text('from_id') === 'ipfail' && message.text('src') === source,
  )
  return [...new Set(spoken.map(message => fieldsOf(message, false)))]
}

interface World {
  pings: number
  isInTransition: boolean
}

function ipfail(us: 'alpha' | 'beta', autoFailback = true, pings = 1): [Connectivity, World] {
  const world: World = { pings, isInTransition: false }
  const connectivity = new Connectivity({
    ...{ us, peer: us === 'alpha' ? 'beta' : 'alpha', keepaliveMs: 1_000, autoFailback },
    reachable: () => world.pings,
    isInTransition: () => world.isInTransition,
  })
  return [connectivity, world]
}

const sent = ({ send }: Outcome): string[] => send.map(message => fieldsOf(message, false))
const linkDead = Message.of(['t', 'ifstat'], ['node', 'router'], ['ifname', 'router'], ['st', 'dead'])
const fromPeer = (src: string, ...fields: (readonly [string, string])[]): Message =>
  Message.of(...fields, ['from_id', 'ipfail'], ['to_id', 'ipfail'], ['src', src])

test('the node that lost its ping node says what the packaged one says, and gives all up in two keepalives', t => {
  const [alpha, world] = ipfail('alpha')
  world.pings = 0
  const heard = [
    alpha.hear(linkDead, 0),
    alpha.hear(fromPeer('beta', ['t', 'you_are_dead'], ['dest', 'alpha']), 500),
    alpha.tick(2_499),
    alpha.tick(2_500),
  ]
  t.deepEqual(heard.flatMap(sent), recorded('ipfail-ping-lost', 'alpha'))
  t.deepEqual(sent(heard[2]!), [])
  t.is(alpha.nextMs, Number.POSITIVE_INFINITY)
})

test('the node that reaches more tells the other, as the packaged one does', t => {
  const [beta] = ipfail('beta')
  const asked = fromPeer('alpha', ['t', 'num_ping_nodes'], ['num_ping', '0'], ['dest', 'beta'])
  t.deepEqual(sent(beta.hear(asked, 0)), recorded('ipfail-ping-lost', 'beta'))
  t.is(beta.nextMs, Number.POSITIVE_INFINITY)
})

test('when the ping node is back the other is balanced, and gives back what is not its own', t => {
  const [beta] = ipfail('beta')
  const asked = fromPeer('alpha', ['t', 'num_ping_nodes'], ['num_ping', '1'], ['dest', 'beta'])
  const said = [beta.hear(asked, 0), beta.tick(2_000)]
  t.deepEqual(said.flatMap(sent), recorded('ipfail-ping-back', 'beta'))
})

test('at the start it announces itself, and asks when the other has announced itself', t => {
  const [beta] = ipfail('beta')
  const join = fromPeer('alpha', ['t', 'hbapi-clstat'], ['st', 'join'])
  const said = [...sent(beta.start()), ...sent(beta.hear(join, 0))]
  t.deepEqual(said, recorded('ipfail-cold-start', 'beta'))
})

test('without auto_failback a balanced count gives nothing back', t => {
  const [beta] = ipfail('beta', false)
  const asked = fromPeer('alpha', ['t', 'num_ping_nodes'], ['num_ping', '1'], ['dest', 'beta'])
  beta.hear(asked, 0)
  t.is(beta.nextMs, Number.POSITIVE_INFINITY)
})

test('both lose the ping node, one a moment later: nobody gives up', t => {
  const [alpha, world] = ipfail('alpha', false)
  world.pings = 0
  alpha.hear(linkDead, 0)
  alpha.hear(fromPeer('beta', ['t', 'you_are_dead'], ['dest', 'alpha']), 100)
  alpha.hear(fromPeer('beta', ['t', 'num_ping_nodes'], ['num_ping', '0'], ['dest', 'alpha']), 900)
  t.is(alpha.nextMs, Number.POSITIVE_INFINITY)
})

test('nothing is given up while resources move, and the looks have an end', t => {
  const [alpha, world] = ipfail('alpha')
  alpha.hear(fromPeer('beta', ['t', 'you_are_dead'], ['dest', 'alpha']), 0)
  world.isInTransition = true
  let looks = 0
  while (alpha.nextMs !== Number.POSITIVE_INFINITY && looks < 100) {
    t.deepEqual(sent(alpha.tick(alpha.nextMs)), [])
    looks++
  }
  t.is(looks, 6)
})

test('who is not the peer, and what is for somebody else, moves nothing', t => {
  const [alpha] = ipfail('alpha')
  const orders = [
    fromPeer('gamma', ['t', 'you_are_dead'], ['dest', 'alpha']),
    fromPeer('beta', ['t', 'you_are_dead'], ['dest', 'beta']),
    Message.of(['t', 'you_are_dead'], ['src', 'beta'], ['dest', 'alpha']),
    fromPeer('beta', ['t', 'num_ping_nodes'], ['num_ping', 'many'], ['dest', 'alpha']),
  ]
  for (const order of orders) t.deepEqual(alpha.hear(order, 0).send, [])
  t.is(alpha.nextMs, Number.POSITIVE_INFINITY)
})

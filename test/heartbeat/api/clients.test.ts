import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { AuthorizationRule, Credentials } from '../../../src/heartbeat/api/authorization.js'
import { ApiClients, type ApiEffect, respondToClientQuery } from '../../../src/heartbeat/api/clients.js'
import type { ClusterView, NodeView } from '../../../src/heartbeat/api/cluster-view.js'
import { encodeClassic } from '../../../src/heartbeat/wire/classic.js'
import { Message } from '../../../src/heartbeat/wire/message.js'

// Asked and answered by heartbeat 3.0.6 on alpha, beta active, one probe client; values as they were then.
interface Exchange {
  readonly request?: string
  readonly extra?: readonly (readonly [string, string])[]
  readonly case?: string
  readonly fields?: readonly (readonly [string, string])[]
  readonly answers: readonly string[]
}
const probe = join(import.meta.dirname, '../../../../test/heartbeat/api/recorded/probe.json')
const exchanges = JSON.parse(readFileSync(probe, 'utf8')) as Exchange[]

const betaUuid = Buffer.from('TQoxBphERb2kVr6czUUiQA==', 'base64')
const node = (name: string, links: NodeView['links'], uuid: Uint8Array | null = null): NodeView => ({
  ...{ name, type: 'normal', status: 'active', weight: 100, site: '', uuid, links },
})
const view: ClusterView = {
  us: 'alpha',
  nodes: [
    node('alpha', [{ name: 'eth1', status: 'up' }]),
    // Two ucast lines on one device were two links in the recording.
    node(
      'beta',
      [
        { name: 'eth1', status: 'up' },
        { name: 'eth1', status: 'dead' },
      ],
      betaUuid,
    ),
  ],
  keepaliveMs: 200,
  deadtimeMs: 3000,
  version: '3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)',
  logfacility: 0,
  parameters: new Map(
    Object.entries({
      ...{ keepalive: '200ms', deadtime: '3', warntime: '1', initdead: '6', deadping: '3000ms' },
      ...{ udpport: '694', hopfudge: '1', auto_failback: 'on', msgfmt: 'classic', debug: '0' },
      ...{ logfile: '/var/log/ha-log', debugfile: '/var/log/ha-debug', logfacility: 'none' },
      ...{ cluster: 'linux-ha', hbversion: '3.0.6', pacemaker: 'false', baud: '19200' },
      ...{ max_rexmit_delay: '250', realtime: 'true' },
    }),
  ),
  resources: 'local',
}

const rules = new Map<string, AuthorizationRule>([
  ['anon', { uids: [0], gids: [107] }],
  ['ipfail', { uids: [104], gids: [] }],
])
const pid = 451
const root: Credentials = { pid, uid: 0, gid: 0 }

function server(credentials: Credentials | null = root): ApiClients {
  const clients = new ApiClients(rules)
  clients.connect(1, { credentials, claimed: claim => (claim === pid ? (credentials ?? root) : null) })
  return clients
}

const request = (reqtype: string, ...extra: (readonly [string, string])[]): Message =>
  Message.of(
    ['t', 'hbapi-req'],
    ['reqtype', reqtype],
    ['dest', 'alpha'],
    ['pid', String(pid)],
    ['from_id', String(pid)],
    ...extra,
  )

const signOn = (clients: ApiClients, name = String(pid)): ApiEffect[] =>
  clients.receive(1, request('signon', ['uid', '0'], ['gid', '0']).with('from_id', name), view)

const replies = (effects: readonly ApiEffect[]): string[] =>
  effects.flatMap(effect =>
    effect.kind === 'reply' ? [`${encodeClassic(effect.message).toString('latin1')}\0`] : [],
  )

test('every answer to a signed-on client is byte for byte that of heartbeat 3.0.6', t => {
  const clients = server()
  // The recording lost the answer to one request, between two status messages that came with it.
  const isLost = (exchange: Exchange): boolean =>
    exchange.request === 'setsignal' && exchange.extra?.[0]?.[1] === '0'
  const asked = exchanges.filter(exchange => exchange.request !== undefined && !isLost(exchange))
  const ours = asked.flatMap(({ request: reqtype, extra }) =>
    replies(clients.receive(1, request(reqtype!, ...(extra ?? [])), view)),
  )
  const original = exchanges
    .filter(exchange => exchange.request !== undefined)
    .flatMap(({ answers }) => answers)
    .filter(answer => answer.includes('t=hbapi-resp'))
  t.true(original.length > 50)
  t.deepEqual(ours, original)
})

test('every refused signon gets the reason of heartbeat 3.0.6, then the connection is closed', t => {
  const cases = exchanges.filter(exchange => exchange.case !== undefined && exchange.case !== 'not signon')
  t.is(cases.length, 5)
  for (const { case: title, fields, answers } of cases) {
    const recordedPid = fields!.find(([name]) => name === 'pid')![1]
    const clients = new ApiClients(rules)
    const claimed = (claim: number): Credentials | null => (claim > 0 ? { ...root, pid: claim } : null)
    clients.connect(1, { credentials: { ...root, pid: Number(recordedPid) }, claimed })
    const effects = clients.receive(1, Message.of(...fields!), view)
    t.is(replies(effects)[0], answers[0], title)
    t.deepEqual(effects.at(-1), { kind: 'close', connection: 1 }, title)
    t.is(clients.count, 0)
  }
})

test('a client that asks before its signon is not answered and not closed', t => {
  t.deepEqual(server().receive(1, request('nodelist'), view), [])
})

test('a name that is signed on already is refused', t => {
  const clients = new ApiClients(new Map([['tool', { uids: [0], gids: [] }]]))
  for (const id of [1, 2]) clients.connect(id, { credentials: root, claimed: () => root })
  const message = request('signon', ['uid', '0'], ['gid', '0']).with('from_id', 'tool')
  t.regex(replies(clients.receive(1, message, view)).at(-1)!, /result=OK/)
  t.regex(replies(clients.receive(2, message, view))[0]!, /info=duplicate add request\nresult=badreq/)
})

test('without SO_PEERCRED the ids in /proc of the claimed pid decide', t => {
  const clients = new ApiClients(rules)
  clients.connect(1, { credentials: null, claimed: () => ({ pid, uid: 1000, gid: 1000 }) })
  t.regex(replies(signOn(clients))[0]!, /info=incorrect\/false credentials/)
})

test('a named client hears of its own joining before its signon is answered', t => {
  const clients = new ApiClients(new Map([['tool', { uids: [0], gids: [] }]]))
  clients.connect(1, { credentials: root, claimed: () => root })
  const effects = signOn(clients, 'tool')
  t.deepEqual(
    effects.map(effect => effect.kind),
    ['submit', 'reply'],
  )
  const left = clients.disconnect(1, view)
  t.is(left[0]?.kind === 'submit' ? left[0].message.text('st') : '', 'leave')
})

test('a casual client that sends a cluster message is dropped', t => {
  const clients = server()
  signOn(clients)
  t.deepEqual(clients.receive(1, Message.of(['t', 'ask_resources']), view), [
    { kind: 'close', connection: 1 },
  ])
})

test('a named client sends under its own name, whatever it claims', t => {
  const clients = new ApiClients(new Map([['tool', { uids: [0], gids: [] }]]))
  clients.connect(1, { credentials: root, claimed: () => root })
  signOn(clients, 'tool')
  const sent = clients.receive(1, Message.of(['t', 'x'], ['from_id', 'ipfail'], ['to_id', 'ccm']), view)[0]
  t.is(sent?.kind === 'submit' ? sent.message.text('from_id') : '', 'tool')
  t.is(sent?.kind === 'submit' ? sent.message.text('to_id') : '', 'tool')
})

test('messages with to_id reach that client only, protocol messages only those with debug filters', t => {
  const clients = server()
  signOn(clients)
  t.is(clients.deliver(Message.of(['t', 'x'], ['to_id', 'other'])).length, 0)
  t.is(clients.deliver(Message.of(['t', 'x'], ['to_id', String(pid)])).length, 1)
  t.is(clients.deliver(Message.of(['t', 'NS_ackmsg'])).length, 0)
  clients.receive(1, request('setfilter', ['fmask', '2']), view)
  t.is(clients.deliver(Message.of(['t', 'NS_ackmsg'])).length, 1)
})

test("a peer's question about a client is answered with whether it is signed on here", t => {
  const clients = server()
  signOn(clients)
  const query = Message.of(['t', 'query-cstatus'], ['src', 'beta'], ['cn', String(pid)], ['from_id', '77'])
  t.is(respondToClientQuery(query, clients)?.text('cs'), 'online')
  t.is(respondToClientQuery(query.with('cn', 'ipfail'), clients)?.text('cs'), 'offline')
  t.is(respondToClientQuery(Message.of(['t', 'query-cstatus']), clients), null)
})

test('the question itself is shown to no client', t => {
  const clients = server()
  signOn(clients)
  t.deepEqual(clients.deliver(Message.of(['t', 'query-cstatus'], ['src', 'beta'], ['cn', 'ping'])), [])
})

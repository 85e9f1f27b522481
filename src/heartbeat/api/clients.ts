/**
 * The clients of the API socket: who is signed on under which name, what each may hear, and the answer to each
 * request. Pure: connections are numbers here; the socket's file performs the effects.
 */
import { assert } from '../../base/assert.js'
import { Message } from '../wire/message.js'
import { type AuthorizationRule, CASUAL_CLASS, type Credentials, refusalOf } from './authorization.js'
import { type ClusterView, nodeNamed } from './cluster-view.js'
import { type Answer, FILTER, filterFrom, type Pair, QUESTIONS, signalFrom } from './requests.js'

export type ConnectionId = number

export type ApiEffect =
  | { readonly kind: 'reply'; readonly to: ConnectionId; readonly message: Message }
  | { readonly kind: 'close'; readonly connection: ConnectionId }
  /** A message for the whole cluster, not yet stamped. */
  | { readonly kind: 'submit'; readonly message: Message }
  | { readonly kind: 'signal'; readonly pid: number; readonly signal: number }
  | { readonly kind: 'log'; readonly level: 'info' | 'WARN'; readonly text: string }

/** What the socket knows about the process at the other end. */
export interface Peer {
  /** Of the connection; null when the system did not tell. */
  readonly credentials: Credentials | null
  /** What /proc says about the pid that the client claims. */
  readonly claimed: (pid: number) => Credentials | null
}

interface Connection {
  readonly peer: Peer
  client: Client | null
}

interface Client {
  readonly id: string
  readonly isCasual: boolean
  readonly credentials: Credentials
  readonly generation: number
  filter: number
  signal: number
}

/** Questions between daemons, which no client sees. */
const DAEMON_TYPES = new Set(['query-cstatus'])
/** Messages that only clients with debug filters want. */
const PROTOCOL_TYPES = new Set(['NS_ackmsg', 'NS_rexmit', 'NS_nak_rexmit', 'ns_ackmsg', 'rexmit'])
const CLIENT_NAME_MAX = 31

export class ApiClients {
  readonly #rules: ReadonlyMap<string, AuthorizationRule>
  readonly #connections = new Map<ConnectionId, Connection>()
  #generation = 0

  /** Names of clients that the daemon itself stands in for. */
  readonly inside = new Set<string>()

  constructor(rules: ReadonlyMap<string, AuthorizationRule>) {
    this.#rules = rules
  }

  get count(): number {
    return this.#connections.size
  }

  isSignedOn(id: ConnectionId): boolean {
    return this.#connections.get(id)?.client != null
  }

  connect(id: ConnectionId, peer: Peer): void {
    assert(!this.#connections.has(id), 'a connection is announced once')
    this.#connections.set(id, { peer, client: null })
  }

  /** The connection is gone, for whatever reason. */
  disconnect(id: ConnectionId, view: ClusterView, because = 'disconnect'): ApiEffect[] {
    const client = this.#connections.get(id)?.client
    this.#connections.delete(id)
    return client && !client.isCasual ? [this.#clientStatus('leave', client, because, view)] : []
  }

  receive(id: ConnectionId, message: Message, view: ClusterView): ApiEffect[] {
    const connection = this.#connections.get(id)
    if (!connection) return []
    const { client } = connection
    if (message.type !== 'hbapi-req') return client ? this.#submit(id, client, message, view) : []
    const asked = message.text('reqtype') ?? ''
    if (asked === 'signon') return this.#signOn(id, connection, message, view)
    // Before its signon a client is nobody: the original neither answers nor closes.
    if (!client) return []
    switch (asked) {
      case 'signoff':
        return [...this.disconnect(id, view, 'signoff'), { kind: 'close', connection: id }]
      case 'setfilter':
        return this.#setFilter(id, client, message)
      case 'setsignal':
        return this.#setSignal(id, client, message)
      case 'set_sendqlen':
        return []
      case 'clientstatus':
        return this.#askClientStatus(id, client, message, view)
      default: {
        const question = Object.hasOwn(QUESTIONS, asked) ? QUESTIONS[asked] : undefined
        return answer(id, asked, question ? question(message, view) : { refused: null })
      }
    }
  }

  /** A message of the cluster, our own included, goes to the clients that want it. */
  deliver(message: Message): ApiEffect[] {
    if (DAEMON_TYPES.has(message.type)) return []
    const addressee = message.text('to_id')
    const effects: ApiEffect[] = []
    for (const [id, { client }] of this.#connections) {
      if (!client) continue
      if (addressee !== undefined && addressee !== client.id) continue
      if (PROTOCOL_TYPES.has(message.type) && (client.filter & FILTER.debug) === 0) continue
      effects.push({ kind: 'reply', to: id, message })
      if (client.signal !== 0) {
        effects.push({ kind: 'signal', pid: client.credentials.pid, signal: client.signal })
      }
    }
    return effects
  }

  /** Whether a client of that name is signed on here: the answer to a peer's query-cstatus. */
  isOnline(name: string): boolean {
    if (this.inside.has(name)) return true
    return [...this.#connections.values()].some(({ client }) => client?.id === name)
  }

  #signOn(id: ConnectionId, connection: Connection, request: Message, view: ClusterView): ApiEffect[] {
    const name = request.text('from_id') ?? ''
    const verdict = this.#judge(connection, request, name)
    const fields: Pair[] = [
      ['deadtime', view.deadtimeMs.toString(16)],
      ['keepalive', view.keepaliveMs.toString(16)],
      ['node', view.us],
      ['hbversion', view.version],
      ['pacemaker', 'false'],
      ['logfacility', String(view.logfacility)],
    ]
    const reply = (...outcome: Pair[]): ApiEffect => ({
      kind: 'reply',
      to: id,
      message: Message.of(['t', 'hbapi-resp'], ['reqtype', 'signon'], ...outcome, ...fields),
    })
    if (typeof verdict === 'string') {
      this.#connections.delete(id)
      return [reply(['info', verdict], ['result', 'badreq']), { kind: 'close', connection: id }]
    }
    connection.client = verdict
    // A named client hears of its own joining before the answer to its signon.
    const joined = verdict.isCasual ? [] : [this.#clientStatus('join', verdict, 'signon', view)]
    return [...joined, reply(['result', 'OK'])]
  }

  /** The checks of the original, in its order, with its reasons. */
  #judge(connection: Connection, request: Message, name: string): Client | string {
    const claim = numberFrom(request.text('pid'))
    const real = claim === null || claim <= 0 ? null : connection.peer.claimed(claim)
    if (claim === null || real === null) return 'bad pid'
    if (connection.client || this.isOnline(name)) return 'duplicate add request'
    const uid = numberFrom(request.text('uid'))
    const gid = numberFrom(request.text('gid'))
    if (uid === null || gid === null || name === '' || name.length > CLIENT_NAME_MAX) return 'invalid id info'
    const credentials = connection.peer.credentials ?? real
    if (credentials.uid !== uid || credentials.gid !== gid) return 'incorrect/false credentials'
    const isCasual = name === String(claim)
    const refusal = refusalOf(isCasual ? CASUAL_CLASS : name, credentials, this.#rules)
    if (refusal !== null) return refusal
    if (credentials.pid !== claim) return 'pid mismatch'
    return { id: name, isCasual, credentials, generation: this.#generation++, filter: FILTER.keep, signal: 0 }
  }

  #clientStatus(status: 'join' | 'leave', client: Client, because: string, view: ClusterView): ApiEffect {
    return {
      kind: 'submit',
      message: Message.of(
        ['t', 'hbapi-clstat'],
        ['st', status],
        ['from_id', client.id],
        ['to_id', client.id],
        ['src', view.us],
        ['info', because],
        ['client_gen', String(client.generation)],
      ),
    }
  }

  #submit(id: ConnectionId, client: Client, message: Message, view: ClusterView): ApiEffect[] {
    if (client.isCasual) return [...this.disconnect(id, view, 'badclient'), { kind: 'close', connection: id }]
    if (message.type === '') return []
    const stamped = message
      .with('from_id', client.id)
      .with('to_id', client.id)
      .with('client_gen', String(client.generation))
    return [{ kind: 'submit', message: stamped }]
  }

  #setFilter(id: ConnectionId, client: Client, request: Message): ApiEffect[] {
    const mask = filterFrom(request, client.credentials.uid)
    if (typeof mask === 'string') return answer(id, 'setfilter', { refused: mask })
    client.filter = mask
    return answer(id, 'setfilter', { fields: [[]] })
  }

  #setSignal(id: ConnectionId, client: Client, request: Message): ApiEffect[] {
    const signal = signalFrom(request)
    if (signal === 'EINVAL') return answer(id, 'setsignal', { refused: signal })
    client.signal = signal
    return answer(id, 'setsignal', { fields: [[]] })
  }

  /** About our own node we know; about an active peer its daemon is asked, and answers the client directly. */
  #askClientStatus(id: ConnectionId, client: Client, request: Message, view: ClusterView): ApiEffect[] {
    const node = nodeNamed(view, request.text('node'))
    const name = request.text('cn')
    if (!node || name === undefined) return answer(id, 'clientstatus', { refused: 'EINVAL' })
    if (node.name === view.us || node.type === 'ping' || node.status !== 'active') {
      const online = node.name === view.us && this.isOnline(name)
      const said = online ? 'online' : 'offline'
      return answer(id, 'clientstatus', { fields: [[['subt', 'respond-cstatus'], ['cs', said]]] }) // biome-ignore format: pairs
    }
    const message = Message.of(
      ['t', 'query-cstatus'],
      ['dest', node.name],
      ['cn', name],
      ['from_id', client.id],
    )
    return [{ kind: 'submit', message }]
  }
}

/** What our daemon answers to a peer's question about one of our clients; null when it asks nothing. */
export function respondToClientQuery(query: Message, clients: ApiClients): Message | null {
  const asker = query.text('src')
  const name = query.text('cn')
  const id = query.text('from_id')
  if (asker === undefined || name === undefined || id === undefined) return null
  return Message.of(
    ['t', 'respond-cstatus'],
    ['dest', asker],
    ['result', 'OK'],
    ['cn', name],
    ['to_id', id],
    ['cs', clients.isOnline(name) ? 'online' : 'offline'],
  )
}

function numberFrom(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) : null
}

function answer(to: ConnectionId, asked: string, given: Answer): ApiEffect[] {
  const head: Pair[] = [
    ['t', 'hbapi-resp'],
    ['reqtype', asked],
  ]
  const reply = (...fields: readonly Pair[]): ApiEffect => ({
    kind: 'reply',
    to,
    message: Message.of(...head, ...fields),
  })
  if ('refused' in given) {
    const info: Pair[] = given.refused === null ? [] : [['info', given.refused]]
    return [reply(['result', 'badreq'], ...info)]
  }
  return given.fields.map((fields, i) => {
    const isLast = i === given.fields.length - 1
    return reply(...fields, ['result', isLast ? 'OK' : 'ok/more'])
  })
}

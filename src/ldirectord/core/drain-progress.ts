/**
 * How far a drained server is: what still binds clients to it, and what can honestly be said about when that ends.
 *
 * The kernel keeps sending a persistent client to a quiesced server for new connections too, unless
 * net.ipv4.vs.expire_quiescent_template is 1; a template that expires while connections made under it are in the
 * table is renewed for 60 s. Connections in TIME_WAIT or FIN_WAIT (InActConn) need nothing any more.
 */
export interface DrainFacts {
  readonly activeConnections: number
  /** persistent= of the virtual service; null: not persistent. */
  readonly persistentSeconds: number | null
  /** Clients that persistence binds to this server; null: the forwarder cannot tell. */
  readonly templates: number | null
  readonly expiresQuiescentTemplates: boolean
  /** Whether the table shows the server with a weight. */
  readonly hasWeight: boolean
}

export interface DrainProgress {
  readonly isDrained: boolean
  /** Seconds until it is drained, at the latest, when no client comes back; null: nobody can know. */
  readonly seconds: number | null
  readonly because: string
}

/** Seconds that a closed connection stays in the table (tcpfin, TIME_WAIT), and a template's renewal. */
const CLOSED_SECONDS = 120
const RENEWAL_SECONDS = 60

export function drainProgress(facts: DrainFacts): DrainProgress {
  const { activeConnections, persistentSeconds, templates, expiresQuiescentTemplates, hasWeight } = facts
  if (hasWeight) return unknown('the table still shows a weight')
  if (activeConnections > 0) {
    const plural = activeConnections === 1 ? 'connection is' : 'connections are'
    return unknown(`${activeConnections} ${plural} open; only their clients know for how long`)
  }
  if (persistentSeconds === null || expiresQuiescentTemplates) return done('no connection is open')
  if (templates === 0) return done('no connection is open and no client is bound')
  if (templates === null) return unknown('persistent clients may return; this forwarder does not count them')
  return {
    isDrained: false,
    seconds: Math.max(persistentSeconds, CLOSED_SECONDS) + RENEWAL_SECONDS,
    because: `${templates} persistent clients are bound to it; each return starts the time again`,
  }
}

const done = (because: string): DrainProgress => ({ isDrained: true, seconds: 0, because })
const unknown = (because: string): DrainProgress => ({ isDrained: false, seconds: null, because })

/**
 * The list of nodes: a starting node asks one living peer for it (reqnodes), every second until the answer (repnodes)
 * comes, and is not active before. Nodes can be added and deleted while the cluster runs (addnode, delnode); who was
 * deleted is remembered in delhostcache and told with the list.
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import type { Chronicle } from './chronicle.js'
import type { DeletedNode, NodeName } from './contract.js'
import { type Membership, NODES_MAX, type Peer } from './membership.js'
import type { Sender } from './sender.js'

const ASK_EVERY_MS = 1000
const NAME_BYTES_MAX = 100
/** Statuses of a node that hears what is said to all. */
const ATTENDING: ReadonlySet<string> = new Set(['up', 'active'])

export class NodeList {
  /** A peer has told us its list, or there is nobody to ask. */
  isKnown = false
  #asked: NodeName | undefined
  #askAgainMs = Number.POSITIVE_INFINITY
  readonly #deleted = new Map<NodeName, DeletedNode>()
  readonly #us: NodeName
  readonly #membership: Membership
  readonly #sender: Sender
  readonly #chronicle: Chronicle

  constructor(us: NodeName, membership: Membership, sender: Sender, chronicle: Chronicle) {
    this.#us = us
    this.#membership = membership
    this.#sender = sender
    this.#chronicle = chronicle
  }

  /** Once all nodes are judged: asks, asks again, or finds nobody to ask. */
  advance(nowMs: number): void {
    if (this.isKnown) return
    const living = this.#membership.living()
    if (living.length === 0) {
      this.isKnown = true
      this.#askAgainMs = Number.POSITIVE_INFINITY
      return
    }
    const isAskedAlive = living.some(peer => peer.name === this.#asked)
    if (isAskedAlive && nowMs < this.#askAgainMs) return
    this.#asked = living[0]!.name
    this.#askAgainMs = nowMs + ASK_EVERY_MS
    this.ask(this.#asked)
  }

  ask(name: NodeName): void {
    this.#sender.send(
      [
        ['t', 'reqnodes'],
        ['dest', name],
      ],
      true,
    )
  }

  nextMs(): number {
    return this.#askAgainMs
  }

  answer(to: NodeName): void {
    const names = this.#normal().map(peer => `${peer.name} `)
    const deleted = [...this.#deleted.keys()].map(name => `${name} `)
    this.#sender.send(
      [
        ['dest', to],
        ['t', 'repnodes'],
        ['nodelist', names.join('') || ' '],
        ['delnodelist', deleted.join('') || ' '],
      ],
      true,
    )
  }

  /** The list of a peer. Those it has deleted are kept in mind; who stands in our ha.cf stays in the list. */
  adopt(message: Message, nowMs: number): void {
    this.isKnown = true
    this.#askAgainMs = Number.POSITIVE_INFINITY
    for (const name of names(message.text('nodelist')))
      if (this.#put(name, nowMs)) this.#chronicle.log(lines.addingListedNode(name))
    const gone = names(message.text('delnodelist')).filter(name => !this.#membership.peers.has(name))
    this.#remember(gone.map(name => ({ name, uuid: undefined, weight: 0, site: '' })))
  }

  /** addnode, from here or from a peer. */
  add(added: readonly NodeName[], nowMs: number): void {
    for (const name of added) {
      this.#chronicle.log(lines.addingNode(name))
      if (!this.#put(name, nowMs)) this.#chronicle.log(...lines.addingFailed(name))
    }
  }

  /**
   * delnode, from here or from a peer: only the dead can be deleted, and only while all who stay are there, so that no
   * node misses it.
   */
  remove(removed: readonly NodeName[]): void {
    const alive = removed.find(name => this.#isHere(name))
    if (alive !== undefined) {
      this.#chronicle.log(lines.deletionOfLivingNode(alive))
      return
    }
    const absent = this.#normal().find(
      peer => peer.name !== this.#us && !removed.includes(peer.name) && !ATTENDING.has(peer.status),
    )
    if (absent !== undefined) {
      this.#chronicle.log(lines.deletionWithoutNode(absent.name))
      return
    }
    for (const name of removed) {
      const peer = this.#membership.peers.get(name)
      if (peer?.type === 'normal') this.#delete(peer)
      else this.#chronicle.log(...lines.deletionOfUnknownNode(name))
    }
  }

  #normal(): Peer[] {
    return [...this.#membership.peers.values()].filter(({ type }) => type === 'normal')
  }

  /** Our own status is not kept with the peers: whoever decides here is alive. */
  #isHere(name: NodeName): boolean {
    const peer = this.#membership.peers.get(name)
    return peer !== undefined && (name === this.#us || peer.status !== 'dead')
  }

  #put(name: NodeName, nowMs: number): boolean {
    if (!this.#membership.add(name, nowMs)) return false
    this.#deleted.delete(name)
    this.#chronicle.decide(name, 'added to the cluster', 'addnode or the list of a peer')
    return true
  }

  #delete({ name, uuid, weight, site }: Peer): void {
    this.#membership.peers.delete(name)
    this.#chronicle.log(lines.removingNode(name))
    this.#chronicle.decide(name, 'deleted from the cluster', 'delnode')
    this.#remember([{ name, uuid, weight, site }])
  }

  #remember(gone: readonly DeletedNode[]): void {
    const news = gone.filter(({ name }) => !this.#deleted.has(name))
    if (news.length === 0 || this.#deleted.size + news.length > NODES_MAX) return
    for (const node of news) this.#deleted.set(node.name, node)
    this.#chronicle.push({ kind: 'deletedNodes', nodes: [...this.#deleted.values()] })
  }
}

/** The names of a nodelist field, lower-cased, as many as a cluster can have; what cannot be a name is left out. */
export function names(list: string | undefined): NodeName[] {
  return (list ?? '')
    .toLowerCase()
    .split(/[\s]+/)
    .filter(name => name.length > 0 && name.length <= NAME_BYTES_MAX && /^[\x21-\x7e]+$/.test(name))
    .slice(0, NODES_MAX)
}

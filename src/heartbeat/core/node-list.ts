/**
 * The list of nodes: a starting node asks one living peer for it (reqnodes), every second until the answer (repnodes)
 * comes, and is not active before. Nodes can be added and deleted while the cluster runs (addnode, delnode).
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import type { Chronicle } from './chronicle.js'
import type { NodeName } from './contract.js'
import type { Membership } from './membership.js'
import type { Sender } from './sender.js'

const ASK_EVERY_MS = 1000
const NAME_BYTES_MAX = 100

export class NodeList {
  /** A peer has told us its list, or there is nobody to ask. */
  isKnown = false
  #asked: NodeName | undefined
  #askAgainMs = Number.POSITIVE_INFINITY
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
    const names = [...this.#membership.peers.values()]
      .filter(peer => peer.type === 'normal')
      .map(peer => `${peer.name} `)
    this.#sender.send(
      [
        ['dest', to],
        ['t', 'repnodes'],
        ['nodelist', names.join('') || ' '],
        ['delnodelist', ' '],
      ],
      true,
    )
  }

  adopt(message: Message, nowMs: number): void {
    this.isKnown = true
    this.#askAgainMs = Number.POSITIVE_INFINITY
    this.add(names(message.text('nodelist')), nowMs)
  }

  add(added: readonly NodeName[], nowMs: number): void {
    for (const name of added)
      if (this.#membership.add(name, nowMs)) {
        this.#chronicle.log(lines.addingNode(name))
        this.#chronicle.decide(name, 'added to the cluster', 'addnode or the list of a peer')
      }
  }

  /** Only the dead can be deleted, and never ourselves. */
  remove(removed: readonly NodeName[]): void {
    for (const name of removed) {
      const peer = this.#membership.peers.get(name)
      if (peer === undefined || peer.type === 'ping') continue
      if (name === this.#us || peer.status !== 'dead') {
        this.#chronicle.log(lines.deletionOfLivingNode(name))
        continue
      }
      this.#membership.peers.delete(name)
      this.#chronicle.log(lines.removingNode(name))
      this.#chronicle.decide(name, 'deleted from the cluster', 'delnode')
    }
  }
}

/** The names of a nodelist field, lower-cased; what cannot be a name is left out. */
export function names(list: string | undefined): NodeName[] {
  return (list ?? '')
    .toLowerCase()
    .split(/[\s]+/)
    .filter(name => name.length > 0 && name.length <= NAME_BYTES_MAX && /^[\x21-\x7e]+$/.test(name))
}

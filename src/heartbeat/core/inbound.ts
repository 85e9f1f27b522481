/**
 * From a verified packet to something heard: checks what every message must carry, knows the speaker, drops doubles
 * and replays, and notes the link. Whatever a peer may have put into a packet ends here as a drop, not as an error.
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import type { Chronicle } from './chronicle.js'
import type { ClusterConfig, LinkName } from './contract.js'
import type { Membership, Peer } from './membership.js'
import { parseHex } from './numbers.js'
import type { Sender } from './sender.js'

export interface Heard {
  readonly peer: Peer
  readonly message: Message
  readonly type: string
  /** 0 for messages without a number (NS_). */
  readonly seq: number
  /** A new life of the node. */
  readonly restarted: boolean
  /** Heard again after its death, in the same life. */
  readonly returned: boolean
  readonly isForUs: boolean
}

export class Inbound {
  readonly #config: ClusterConfig
  readonly #membership: Membership
  readonly #chronicle: Chronicle
  readonly #sender: Pick<Sender, 'seq' | 'generation'>

  constructor(
    config: ClusterConfig,
    membership: Membership,
    chronicle: Chronicle,
    sender: Pick<Sender, 'seq' | 'generation'>,
  ) {
    this.#config = config
    this.#membership = membership
    this.#chronicle = chronicle
    this.#sender = sender
  }

  hear(link: LinkName, message: Message, nowMs: number, signedWith?: number): Heard | undefined {
    const name = message.text('src')?.toLowerCase()
    const type = message.text('t')
    if (name === undefined || name === '' || type === undefined || !parseHex(message.text('ts'))) return
    const peer = this.#membership.peers.get(name)
    if (peer === undefined) {
      this.#chronicle.logRarely(`bad node ${name.slice(0, 100)}`, lines.badNode(name))
      return
    }
    if (name === this.#config.us) {
      this.#hearOurselves(peer, link, message, nowMs)
      return
    }
    const generation = parseHex(message.text('hg'))
    if (type.startsWith('NS_')) {
      const isOld = generation !== undefined && generation < (peer.reception.generation ?? 0)
      return isOld ? undefined : this.#heard(peer, message, type, 0, {})
    }
    const seq = parseHex(message.text('seq'))
    if (peer.type === 'ping' || seq === undefined || seq < 1 || generation === undefined) return
    return this.#hearNumbered(peer, link, message, { type, seq, generation, signedWith }, nowMs)
  }

  #hearNumbered(
    peer: Peer,
    link: LinkName,
    message: Message,
    head: { type: string; seq: number; generation: number; signedWith: number | undefined },
    nowMs: number,
  ): Heard | undefined {
    const { type, seq, generation } = head
    const { reception } = peer
    const returned =
      peer.status === 'dead' &&
      reception.generation === generation &&
      seq > reception.last &&
      reception.last > 0
    if (returned) reception.startOverAt(seq)
    const lastBefore = reception.last
    const judgement = reception.judge({ isStatus: type === 'status', generation, seq }, nowMs)
    if (judgement.verdict === 'replay') {
      const line = lines.replayAttack(peer.name, generation, judgement.current)
      this.#chronicle.logRarely(`replay ${peer.name}`, line)
      return
    }
    if (peer.links.heard(link, generation, seq, nowMs)) this.#chronicle.log(lines.link(peer.name, link, 'up'))
    if (judgement.verdict === 'duplicate') return
    if (judgement.lostALot) this.#chronicle.log(lines.lostALot())
    if (judgement.gapClosed) this.#chronicle.log(lines.noPacketsMissing(peer.name))
    if (judgement.restarted || reception.last > lastBefore) {
      peer.heardAtMs = nowMs
      // Of the newest packet alone: an old one that is played again must not bring back an old key.
      peer.signedWith = head.signedWith
    }
    peer.uuid = uuidOf(message) ?? peer.uuid
    if (judgement.restarted) this.#chronicle.log(lines.heartbeatRestart(peer.name))
    return this.#heard(peer, message, type, seq, { restarted: judgement.restarted, returned })
  }

  /** A link that carries our own packets back to us (ucast to ourselves, multicast loop) is up. */
  #hearOurselves(us: Peer, link: LinkName, message: Message, nowMs: number): void {
    const seq = parseHex(message.text('seq'))
    const generation = parseHex(message.text('hg'))
    if (seq === undefined || generation !== this.#sender.generation || seq > this.#sender.seq) return
    if (us.links.heard(link, generation, seq, nowMs)) this.#chronicle.log(lines.link(us.name, link, 'up'))
  }

  /** With a destuuid it decides who is meant, else the name; without either everybody. */
  #isForUs(message: Message): boolean {
    const destuuid = message.bytes('destuuid')
    if (destuuid?.length === 16) return this.#config.uuid.every((byte, at) => byte === destuuid[at])
    const destination = message.text('dest')
    return destination === undefined || destination.toLowerCase() === this.#config.us
  }

  #heard(
    peer: Peer,
    message: Message,
    type: string,
    seq: number,
    what: { restarted?: boolean; returned?: boolean },
  ): Heard {
    const { restarted = false, returned = false } = what
    return { peer, message, type, seq, restarted, returned, isForUs: this.#isForUs(message) }
  }
}

function uuidOf(message: Message): Uint8Array | undefined {
  const uuid = message.bytes('srcuuid')
  return uuid?.length === 16 ? uuid : undefined
}

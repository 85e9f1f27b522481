/**
 * Ping nodes: hosts that every node of the cluster should reach, asked by one ICMP echo for each heartbeat. The echo's
 * data is a signed packet that says, in the host's name, that it is there; what comes back is verified like any packet.
 * One socket serves all of an IP version. Answers are looked for shortly after each question, until all have come, and at the
 * next question: a raw socket cannot be watched by Node.
 */
import { isIPv6 } from 'node:net'
import { type IcmpSocket, openIcmpSocket } from '../../base/io/icmp-socket.js'
import { isNativeFailure } from '../../base/io/native.js'
import { canonicalIPv6 } from '../../base/ipv6.js'
import { decodeEchoReply, encodeEchoRequest, type IpVersion } from '../wire/icmp-echo.js'
import type { LinkFailure, LinkHandlers } from './link.js'

/** Lines `ping` and `ping6` name one host; one of ping_group several, and each may answer for the group. */
export interface PingNode {
  readonly name: string
  readonly kind: 'ping' | 'ping6' | 'ping_group'
  readonly addresses: readonly string[]
}

type Sockets = Partial<Record<IpVersion, IcmpSocket>>

const versionOf = (address: string): IpVersion => (isIPv6(address) ? 6 : 4)
/** As the socket names the sender of an answer. */
const senderName = (address: string): string => (isIPv6(address) ? canonicalIPv6(address) : address)

/** After a question; the last look is at the next question. */
const LOOKS_MS = [1, 4, 15, 60, 120]
/** Answers to other programs' echoes come too; what is more than this waits for the next look. */
const PACKETS_A_LOOK_MAX = 256

export class PingPort {
  readonly nodes: readonly PingNode[]
  readonly #sockets: Sockets
  readonly #askedAt = new Map<string, string[]>()
  readonly #handlers: LinkHandlers
  readonly #id = process.pid & 0xffff
  #sequence = 0
  #missing = 0
  #timer: NodeJS.Timeout | undefined
  /** What each address answered last: '' when the kernel took the packet. */
  readonly #lastCode = new Map<string, string>()

  private constructor(nodes: readonly PingNode[], sockets: Sockets, handlers: LinkHandlers) {
    this.nodes = nodes
    this.#sockets = sockets
    this.#handlers = handlers
    for (const { name, addresses } of nodes) {
      for (const sender of addresses.map(senderName)) {
        this.#askedAt.set(sender, [...(this.#askedAt.get(sender) ?? []), name])
      }
    }
  }

  static open(nodes: readonly PingNode[], handlers: LinkHandlers): PingPort | LinkFailure {
    const sockets: Sockets = {}
    for (const version of new Set(nodes.flatMap(({ addresses }) => addresses.map(versionOf)))) {
      const socket = openIcmpSocket(version)
      if (isNativeFailure(socket)) {
        closeAll(sockets)
        return socket
      }
      sockets[version] = socket
    }
    return new PingPort(nodes, sockets, handlers)
  }

  /** Asks every ping node; `packetFor` gives the data. Never waits and never throws. */
  ask(packetFor: (node: PingNode) => Uint8Array | null): void {
    this.#look()
    this.#missing = 0
    for (const node of this.nodes) {
      const data = packetFor(node)
      if (data) for (const address of node.addresses) this.#send(node.name, address, data)
    }
    this.#lookLater(0)
  }

  close(): void {
    clearTimeout(this.#timer)
    closeAll(this.#sockets)
  }

  #send(node: string, address: string, data: Uint8Array): void {
    const version = versionOf(address)
    const echo = encodeEchoRequest({ id: this.#id, sequence: this.#sequence++, data }, version)
    const code = this.#sockets[version]?.send(address, echo)?.code ?? ''
    if (code === '') this.#missing++
    if (code === (this.#lastCode.get(address) ?? '')) return
    this.#lastCode.set(address, code)
    const what = `ping ${node}: sending to ${address}`
    this.#handlers.onTrouble(code === '' ? `${what} works again` : `${what} fails: ${code}`, node)
  }

  #lookLater(at: number): void {
    clearTimeout(this.#timer)
    const inMs = LOOKS_MS[at]
    if (inMs === undefined || this.#missing <= 0) return
    this.#timer = setTimeout(() => {
      this.#look()
      this.#lookLater(at + 1)
    }, inMs)
    this.#timer.unref()
  }

  #look(): void {
    for (const version of [4, 6] as const) {
      const socket = this.#sockets[version]
      if (socket) this.#lookInto(socket, version)
    }
  }

  #lookInto(socket: IcmpSocket, version: IpVersion): void {
    for (let looked = 0; looked < PACKETS_A_LOOK_MAX; looked++) {
      const packet = socket.receive()
      if (!packet) return
      const echo = decodeEchoReply(packet.bytes, version)
      if (!echo || (socket.isRaw && echo.id !== this.#id)) continue
      const asked = this.#askedAt.get(packet.from) ?? []
      if (asked.length > 0) this.#missing--
      for (const name of asked) {
        this.#handlers.onPacket(Buffer.from(echo.data), { link: name, address: packet.from, port: 0 })
      }
    }
  }
}

function closeAll(sockets: Sockets): void {
  for (const socket of Object.values(sockets)) socket.close()
}

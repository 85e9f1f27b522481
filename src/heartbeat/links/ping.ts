/**
 * Ping nodes: hosts that every node of the cluster should reach, asked by one ICMP echo for each heartbeat. The echo's
 * data is a signed packet that says, in the host's name, that it is there; what comes back is verified like any packet.
 * One socket serves all of them. Answers are looked for shortly after each question, until all have come, and at the
 * next question: a raw socket cannot be watched by Node.
 */
import { type IcmpSocket, openIcmpSocket } from '../../base/io/icmp-socket.js'
import { isNativeFailure } from '../../base/io/native.js'
import { decodeEchoReply, encodeEchoRequest } from '../wire/icmp-echo.js'
import type { LinkFailure, LinkHandlers } from './link.js'

/** A line `ping` names one host; one of ping_group several, and each may answer for the group. */
export interface PingNode {
  readonly name: string
  /** IPv4 addresses. */
  readonly addresses: readonly string[]
}

/** After a question; the last look is at the next question. */
const LOOKS_MS = [1, 4, 15, 60, 120]
/** Answers to other programs' echoes come too; what is more than this waits for the next look. */
const PACKETS_A_LOOK_MAX = 256

export class PingPort {
  readonly nodes: readonly PingNode[]
  readonly #socket: IcmpSocket
  readonly #handlers: LinkHandlers
  readonly #id = process.pid & 0xffff
  #sequence = 0
  #missing = 0
  #timer: NodeJS.Timeout | undefined
  /** What each address answered last: '' when the kernel took the packet. */
  readonly #lastCode = new Map<string, string>()

  private constructor(nodes: readonly PingNode[], socket: IcmpSocket, handlers: LinkHandlers) {
    this.nodes = nodes
    this.#socket = socket
    this.#handlers = handlers
  }

  static open(nodes: readonly PingNode[], handlers: LinkHandlers): PingPort | LinkFailure {
    const socket = openIcmpSocket()
    return isNativeFailure(socket) ? socket : new PingPort(nodes, socket, handlers)
  }

  /** Asks every ping node; `packetFor` gives the data. Never waits and never throws. */
  ask(packetFor: (node: string) => Uint8Array | null): void {
    this.#look()
    this.#missing = 0
    for (const { name, addresses } of this.nodes) {
      const data = packetFor(name)
      if (data) for (const address of addresses) this.#send(name, address, data)
    }
    this.#lookLater(0)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#socket.close()
  }

  #send(node: string, address: string, data: Uint8Array): void {
    const echo = encodeEchoRequest({ id: this.#id, sequence: this.#sequence++, data })
    const code = this.#socket.send(address, echo)?.code ?? ''
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
    for (let looked = 0; looked < PACKETS_A_LOOK_MAX; looked++) {
      const packet = this.#socket.receive()
      if (!packet) return
      const echo = decodeEchoReply(packet.bytes)
      if (!echo || (this.#socket.isRaw && echo.id !== this.#id)) continue
      const asked = this.nodes.filter(({ addresses }) => addresses.includes(packet.from))
      if (asked.length > 0) this.#missing--
      for (const { name } of asked) {
        this.#handlers.onPacket(Buffer.from(echo.data), { link: name, address: packet.from, port: 0 })
      }
    }
  }
}

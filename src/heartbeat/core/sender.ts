/**
 * Stamps a message with what every message carries, in the order of the original, and hands it out. Order on the wire
 * is order of sequence numbers: a message is written before anything that it causes. (heartbeat 3.0.6 does it the
 * other way round and so makes its peer report lost packets: docs/compatibility.md.)
 */
import { type Field, type FieldValue, Message } from '../wire/message.js'
import type { Chronicle } from './chronicle.js'
import type { ClusterConfig, NodeName } from './contract.js'
import { printHex } from './numbers.js'
import { History } from './retransmit.js'

export type Pair = readonly [string, FieldValue]

export class Sender {
  seq = 0
  generation: number
  history: History
  readonly #config: ClusterConfig
  readonly #chronicle: Chronicle
  readonly #uuidOf: (node: NodeName) => Uint8Array | undefined

  constructor(
    config: ClusterConfig,
    chronicle: Chronicle,
    uuidOf: (node: NodeName) => Uint8Array | undefined,
  ) {
    this.#config = config
    this.#chronicle = chronicle
    this.#uuidOf = uuidOf
    this.generation = config.generation
    this.history = new History(config.maxRexmitDelayMs)
  }

  /** A new life to the peers: numbers begin anew, and what was said before cannot be asked for. */
  beginAnew(generation: number): void {
    this.generation = generation
    this.seq = 0
    this.history = new History(this.#config.maxRexmitDelayMs)
  }

  /** Sends own fields with the control fields behind them; local clients see it unless it is quiet. */
  send(pairs: readonly Pair[], quiet = false): Message {
    return this.sendMessage(Message.of(...pairs), quiet)
  }

  sendMessage(own: Message, quiet = false): Message {
    const message = this.#stamp(own)
    this.#chronicle.push({ kind: 'send', message })
    if (!quiet) this.#chronicle.push({ kind: 'deliver', message })
    return message
  }

  resend(message: Message): void {
    this.#chronicle.push({ kind: 'send', message })
  }

  /** A field that the writer has set keeps its place; the others follow in the original's order. */
  #stamp(own: Message): Message {
    const isNumbered = !own.type.startsWith('NS_')
    const destination = own.text('dest')
    const destuuid = destination === undefined ? undefined : this.#uuidOf(destination)
    const control: Field[] = []
    if (destuuid !== undefined) control.push({ name: 'destuuid', value: destuuid })
    control.push({ name: 'src', value: this.#config.us }, { name: 'srcuuid', value: this.#config.uuid })
    if (isNumbered) control.push({ name: 'seq', value: printHex(++this.seq) })
    control.push({ name: 'hg', value: printHex(this.generation) })
    control.push({ name: 'ts', value: printHex(this.#config.wallSeconds()) })
    if (isNumbered) control.push({ name: 'ld', value: this.#config.loadAverage() })
    const nodes = this.#config.nodes.length + this.#config.pingNodes.length
    control.push({ name: 'ttl', value: String(this.#config.hopfudge + nodes) })
    const message = replaceOrAppend(own, control)
    if (isNumbered) this.history.remember(this.seq, message)
    return message
  }
}

function replaceOrAppend(own: Message, control: readonly Field[]): Message {
  const fields = own.fields.filter(({ name }) => name !== 'auth')
  for (const field of control) {
    const at = fields.findIndex(({ name }) => name === field.name)
    if (at === -1) fields.push(field)
    else fields[at] = field
  }
  return new Message(fields)
}

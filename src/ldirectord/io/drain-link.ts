/**
 * Connects the drains of this director with those of the other one: core/drain-mirror.ts decides what to say,
 * cluster-client.ts carries it. Without heartbeat, or without a line apiauth for us, drains are local, and whoever
 * drains something is told so.
 */
import { periodically } from '../../base/io/periodically.js'
import { nowMs } from '../../base/io/real-clock.js'
import type { Message } from '../../heartbeat/wire/message.js'
import type { Log } from '../../log/record.js'
import { parseEntries, printEntries } from '../core/drain-file.js'
import { DrainMirror, type MirrorMessage, type Peer } from '../core/drain-mirror.js'
import { CLIENT_NAME_MAX, ClusterClient } from './cluster-client.js'
import type { Drains } from './drains.js'
import type { Instance } from './instance.js'

const TICK_MS = 250
/** How long a drain waits to hear that the other director has it. */
const ECHO_MS_MAX = 2_000
const ECHO_POLL_MS = 20
const MESSAGE_TYPE = 'ldirectord-drains'

export interface MirrorState {
  /** Directors on other nodes that hold the same list. */
  readonly mirroredTo: readonly string[]
  /** null: every other director that we know of holds it; else why not. */
  readonly because: string | null
}

/** Both usual ways of starting the usual file are one director to the other node. */
function clientName({ name }: Pick<Instance, 'name'>): string {
  return name === 'ldirectord' || name === 'ldirectord.cf' ? 'ldirectord' : `ldirectord.${name}`
}

export class DrainLink {
  readonly #instance: Instance
  readonly #drains: Drains
  readonly #log: Log
  readonly #onMerged: () => void
  readonly #mirror: DrainMirror
  readonly #client: ClusterClient
  #ourNode = ''
  #because: string | null = 'heartbeat was not asked yet'
  #told = ''
  #endTicks: () => void = () => {}

  constructor(instance: Instance, drains: Drains, log: Log, onMerged: () => void) {
    this.#instance = instance
    this.#drains = drains
    this.#log = log
    this.#onMerged = onMerged
    this.#mirror = new DrainMirror(() => drains.ledger)
    this.#client = new ClusterClient({
      socket: `${instance.runDir}/heartbeat/register`,
      haCf: instance.haCf,
      name: clientName(instance).slice(0, CLIENT_NAME_MAX),
      onConnected: node => this.#connected(node),
      onLost: because => this.#lost(because),
      onMessage: message => this.#heard(message),
    })
  }

  open(): void {
    this.#drains.onChange = changed => this.#send(this.#mirror.changed(changed))
    this.#client.open()
    this.#endTicks = periodically(TICK_MS, async () => this.#send(this.#mirror.tick(nowMs())))
  }

  close(): void {
    this.#endTicks()
    this.#client.close()
  }

  get state(): MirrorState {
    const { peers } = this.#mirror
    const names = (wanted: boolean): string[] =>
      peers.filter(({ inStep }) => inStep === wanted).map(({ node }) => node)
    return { mirroredTo: names(true), because: this.#because ?? reasonFrom(peers, names(false)) }
  }

  /** How it stands when the other director has had its time to answer. */
  async echoed(): Promise<MirrorState> {
    const untilMs = nowMs() + ECHO_MS_MAX
    this.#client.open()
    while (this.#because === null && nowMs() < untilMs && this.#mirror.peers.some(peer => !peer.inStep))
      await new Promise(resolve => setTimeout(resolve, ECHO_POLL_MS))
    return this.state
  }

  #connected(node: string): void {
    this.#ourNode = node
    this.#drains.node = node
    this.#because = null
    this.#told = ''
    this.#log('info', `drains are mirrored through heartbeat, as client ${clientName(this.#instance)}`)
    this.#send(this.#mirror.connected(nowMs()))
  }

  #lost(because: string): void {
    this.#mirror.lost()
    this.#because = because
    // Where heartbeat is not used at all this is no news.
    if (this.#told === because || (this.#ourNode === '' && this.#drains.list.length === 0)) return
    this.#told = because
    this.#log('WARN', `drains are not mirrored to the other director: ${because}`)
  }

  #heard(message: Message): void {
    const node = message.text('src') ?? ''
    if (node === '' || node === this.#ourNode) return
    switch (message.type) {
      case MESSAGE_TYPE:
        this.#heardDirector(node, message)
        return
      case 'hbapi-clstat':
        if (message.text('st') === 'join') this.#send(this.#mirror.joined(nowMs()))
        else this.#mirror.left(node)
        return
      case 'status':
        if (message.text('st') === 'dead') this.#mirror.left(node)
        else if (!this.#mirror.peers.some(peer => peer.node === node))
          this.#send(this.#mirror.joined(nowMs()))
        return
    }
  }

  #heardDirector(node: string, message: Message): void {
    const entries = parseEntries(message.text('entries') ?? '')
    const digest = message.text('digest')
    // The cut names of two instances may be the same.
    if (entries === null || digest === undefined) return
    if (message.text('instance') !== clientName(this.#instance)) return
    if (this.#drains.merge(entries)) this.#onMerged()
    const flag = (name: string): boolean => message.text(name) === '1'
    this.#send(this.#mirror.heard(node, { entries, digest, more: flag('more'), asks: flag('asks') }))
  }

  #send(messages: readonly MirrorMessage[]): void {
    const flag = (value: boolean): string => (value ? '1' : '0')
    for (const { entries, digest, more, asks } of messages)
      this.#client.send(
        ['t', MESSAGE_TYPE],
        ['instance', clientName(this.#instance)],
        ['digest', digest],
        ['more', flag(more)],
        ['asks', flag(asks)],
        ['entries', printEntries(entries)],
      )
  }
}

function reasonFrom(peers: readonly Peer[], behind: readonly string[]): string | null {
  if (peers.length === 0) return 'no other director listens (on the other node run ldirectord too, e.g. warm)'
  return behind.length === 0 ? null : `${behind.join(', ')} did not confirm it yet`
}

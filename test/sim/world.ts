/**
 * Several production cores with machines and a network between them, under one virtual clock. Performs every effect
 * as a daemon would, checks what holds at each single effect, and tells an observer what happens.
 */
import { createPrng, type Prng } from '../../src/base/prng.js'
import {
  type AutoFailback,
  Cluster,
  type ClusterConfig,
  type Effect,
  type Event,
  type GroupName,
} from '../../src/heartbeat/core/cluster.js'
import { Message } from '../../src/heartbeat/wire/message.js'
import { Machine } from './machine.js'
import { Network, type Weather } from './network.js'
import { Keys, PingNode, ROUTER, StonithDevice } from './surroundings.js'
import { Timeline } from './timeline.js'

export interface WorldOptions {
  readonly seed: number
  readonly nodes: readonly string[]
  readonly groups: readonly GroupName[]
  readonly autoFailback: AutoFailback
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly warntimeMs: number
  readonly initdeadMs: number
  readonly links: readonly string[]
  readonly weather: Weather
  readonly actionMs: (random: Prng) => number
  /** Nodes have a ping node. */
  readonly hasPing?: boolean
  readonly takeoverNeedsPing?: boolean
  readonly hasStonith?: boolean
  /** Packets are signed and verified. */
  readonly hasKeys?: boolean
}

export interface SimNode {
  readonly name: string
  readonly machine: Machine
  cluster: Cluster | undefined
  generation: number
  isPaused: boolean
  /** When it last was started, woken from a pause, or cut off; for the observer. */
  startedAtMs: number
  startFailures: number
  stopFailures: number
  hasStopped: boolean
}

export type Observer = (node: SimNode, effect: Effect | { kind: 'action'; what: string; key: string }) => void

export class Violation extends Error {}

/** From the last word of one life to the first of the next, when the daemon restarts and keeps its resources. */
const RESTART_MS = 200
const FRESH = { heldAtStart: 'none' } as const

export class World {
  readonly timeline = new Timeline()
  readonly random: Prng
  readonly network: Network
  readonly nodes = new Map<string, SimNode>()
  readonly options: WorldOptions
  readonly ping: PingNode
  readonly device: StonithDevice
  readonly keys: Keys | undefined
  /** Last fresh status delivered, `to<from`: for the rule that nobody is buried before his time. */
  readonly heard = new Map<string, { atMs: number; deadtimeMs: number; mark: number }>()
  readonly #observe: Observer
  readonly #wakes = new Map<string, number>()
  readonly #inbox = new Map<string, Event[]>()

  constructor(options: WorldOptions, observe: Observer) {
    this.options = options
    this.#observe = observe
    this.random = createPrng(options.seed)
    this.ping = new PingNode(this.timeline)
    this.device = new StonithDevice(this.timeline, createPrng(options.seed ^ 0x5707))
    this.keys = options.hasKeys === true ? new Keys(this.timeline, options.nodes) : undefined
    this.network = new Network(
      this.timeline,
      this.random,
      options.links,
      options.weather,
      (to, link, message, datagram) => this.#arrive(to, link, message, datagram),
    )
    for (const name of options.nodes) this.#build(name)
  }

  node(name: string): SimNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  isRunning(name: string): boolean {
    return this.node(name).cluster !== undefined
  }

  start(name: string, before: Pick<ClusterConfig, 'heldAtStart' | 'failedAtStart'> = FRESH): void {
    const node = this.node(name)
    if (node.cluster !== undefined) return
    node.generation++
    node.hasStopped = false
    node.isPaused = false
    node.startedAtMs = this.timeline.nowMs
    node.cluster = new Cluster(this.#configure(node, before))
    for (const key of this.heard.keys()) if (key.startsWith(`${name}<`)) this.heard.delete(key)
    this.#perform(node, node.cluster.start(this.timeline.nowMs))
  }

  /** Power cut: daemon and resources end. */
  crash(name: string): void {
    this.#end(this.node(name))
    this.node(name).machine.powerOff()
  }

  /** SIGKILL to the daemon and its runner: resources stay as they are. */
  kill(name: string): void {
    this.#end(this.node(name))
  }

  pause(name: string): void {
    this.node(name).isPaused = true
  }

  /** Packets and wake-ups that came meanwhile are handed in now, the clock first, as a kernel may do it. */
  resume(name: string): void {
    const node = this.node(name)
    if (!node.isPaused) return
    node.isPaused = false
    this.step(name, { kind: 'clock' })
    for (const event of this.#inbox.get(name) ?? []) this.step(name, event)
    this.#inbox.delete(name)
  }

  step(name: string, event: Event): void {
    const node = this.node(name)
    if (node.cluster === undefined) return
    if (node.isPaused) {
      const inbox = this.#inbox.get(name) ?? []
      if (inbox.length < 400) inbox.push(event)
      this.#inbox.set(name, inbox)
      return
    }
    if (event.kind === 'received') this.#noteStatus(name, event.message)
    this.#perform(node, node.cluster.step(event, this.timeline.nowMs))
  }

  /** A group fails beyond its restarts: the runner, which does one thing at a time, has stopped it and says so. */
  lose(name: string, key: string): boolean {
    const node = this.node(name)
    const busy = this.#busy.get(name)
    const isBusy = busy !== undefined && busy.cluster === node.cluster
    const group = this.options.groups.find(candidate => candidate.key === key)
    if (node.cluster === undefined || isBusy || group === undefined || !node.machine.running.delete(key))
      return false
    this.step(name, { kind: 'groupLost', group, why: `${key}: silent` })
    return true
  }

  submit(name: string, ...pairs: (readonly [string, string])[]): void {
    this.step(name, { kind: 'submitted', message: Message.of(...pairs) })
  }

  standby(name: string, what: string): void {
    this.submit(name, ['t', 'ask_resources'], ['rsc_hold', what], ['info', 'me'])
  }

  takeover(name: string, what: string): void {
    this.submit(name, ['t', 'hb_takeover'], ['rsc_hold', what])
  }

  /** Where a group runs now. */
  owners(key: string): string[] {
    return [...this.nodes.values()].filter(node => node.machine.running.has(key)).map(node => node.name)
  }

  #build(name: string): void {
    const { groups, actionMs } = this.options
    const node: SimNode = {
      name,
      machine: new Machine(this.timeline, {
        us: name,
        groups,
        actionMs: () => actionMs(this.random),
        startFails: () => node.startFailures > 0 && node.startFailures-- > 0,
        stopFails: () => node.stopFailures > 0 && node.stopFailures-- > 0,
        onAction: (what, key) => this.#observe(node, { kind: 'action', what, key }),
      }),
      cluster: undefined,
      generation: 1000,
      isPaused: false,
      startedAtMs: 0,
      startFailures: 0,
      stopFailures: 0,
      hasStopped: false,
    }
    this.nodes.set(name, node)
  }

  #configure(node: SimNode, before: Pick<ClusterConfig, 'heldAtStart' | 'failedAtStart'>): ClusterConfig {
    const { options } = this
    return {
      us: node.name,
      nodes: options.nodes,
      pingNodes: options.hasPing === true ? [ROUTER] : [],
      takeoverNeedsPing: options.takeoverNeedsPing === true,
      canReset: options.hasStonith === true,
      uuid: new Uint8Array(16).fill(1 + options.nodes.indexOf(node.name)),
      generation: node.generation,
      keepaliveMs: options.keepaliveMs,
      deadtimeMs: options.deadtimeMs,
      warntimeMs: options.warntimeMs,
      initdeadMs: options.initdeadMs,
      deadpingMs: options.deadtimeMs,
      autoFailback: options.autoFailback,
      maxRexmitDelayMs: 250,
      hopfudge: 1,
      links: options.links,
      groups: options.groups,
      manageResources: true,
      ...before,
      random: createPrng(options.seed * 31 + node.generation),
      wallSeconds: () => 0x6b00fc00 + Math.floor(this.timeline.nowMs / 1000),
      loadAverage: () => '0.00 0.00 0.00 1/1 1',
    }
  }

  #end(node: SimNode): void {
    node.cluster = undefined
    node.isPaused = false
    this.#inbox.delete(node.name)
    node.machine.killRunner()
  }

  #perform(node: SimNode, effects: readonly Effect[]): void {
    for (const [at, effect] of effects.entries()) {
      if (node.hasStopped) throw new Violation(`${node.name} gave ${effect.kind} after stopped`)
      this.#observe(node, effect)
      switch (effect.kind) {
        case 'send':
          this.#send(node, effect.message)
          break
        case 'reset': {
          const dead = effect.node
          const life = node.cluster
          this.device.reset(
            dead,
            () => {
              this.crash(dead)
              this.#observe(this.node(dead), { kind: 'action', what: 'reset', key: dead })
            },
            result => {
              if (node.cluster === life) this.step(node.name, { kind: 'resetEnded', node: dead, result })
            },
          )
          break
        }
        case 'restart':
          node.cluster = undefined
          this.timeline.in(RESTART_MS, () => {
            this.start(node.name, { heldAtStart: effect.held, failedAtStart: effect.failed })
          })
          break
        case 'run':
          this.#run(node, effect)
          break
        case 'wakeAt':
          if (at !== effects.length - 1) throw new Violation(`${node.name}: wakeAt is not the last effect`)
          this.#wake(node, effect.atMs)
          break
        case 'generation':
          if (effect.generation <= node.generation)
            throw new Violation(`${node.name}: generation ${node.generation} goes to ${effect.generation}`)
          node.generation = effect.generation
          break
        case 'stopped':
          node.hasStopped = true
          node.cluster = undefined
          break
      }
    }
  }

  #send(node: SimNode, message: Message): void {
    if (message.type === 'status' && this.options.hasPing === true)
      this.ping.ask(node.name, answer =>
        this.step(node.name, { kind: 'received', link: ROUTER, message: answer }),
      )
    for (const to of this.nodes.keys()) {
      if (to === node.name) continue
      const datagram = this.keys?.seal(node.name, message)
      this.network.send(node.name, to, message, datagram)
    }
  }

  #run(node: SimNode, job: Effect & { kind: 'run' }): void {
    const { cluster } = node
    const busy = this.#busy.get(node.name)
    if (busy !== undefined && busy.cluster === cluster && cluster !== undefined)
      throw new Violation(`${node.name}: job ${job.job} before the end of job ${busy.job}`)
    this.#busy.set(node.name, { cluster, job: job.job })
    node.machine.perform(job, failed => {
      this.#busy.delete(node.name)
      this.step(node.name, { kind: 'jobEnded', job: job.job, failed })
    })
  }

  readonly #busy = new Map<string, { cluster: Cluster | undefined; job: number }>()

  #wake(node: SimNode, atMs: number): void {
    this.#wakes.set(node.name, atMs)
    const { cluster } = node
    this.timeline.at(atMs, () => {
      // Some stale wake-ups are let through: they must be harmless.
      const isStale = node.cluster !== cluster || this.#wakes.get(node.name) !== atMs
      if (isStale && !(node.cluster !== undefined && this.random.chance(0.02))) return
      if (!node.isPaused) this.step(node.name, { kind: 'clock' })
    })
  }

  #arrive(to: string, link: string, message: Message, datagram: Uint8Array | undefined): void {
    const opened = datagram === undefined ? message : this.keys!.open(to, datagram)
    if (typeof opened === 'string') throw new Violation(`${to} refuses a packet: ${opened}`)
    this.step(to, { kind: 'received', link, message: opened })
  }

  #noteStatus(to: string, message: Message): void {
    if (message.type !== 'status') return
    const key = `${to}<${message.text('src')}`
    const mark = Number.parseInt(message.text('hg')!, 16) * 1e6 + Number.parseInt(message.text('seq')!, 16)
    if (mark <= (this.heard.get(key)?.mark ?? -1)) return
    const deadtimeMs = Number.parseInt(message.text('dt')!, 16)
    this.heard.set(key, { atMs: this.timeline.nowMs, deadtimeMs, mark })
  }
}

/**
 * One run from one seed. Phase one: faults and commands at random times, with what must always hold checked at each
 * step. Phase two: healed, quiet, every node started; within a bound exactly one owner per group, and all agree.
 */
import { createPrng, type Prng } from '../../src/base/prng.js'
import type { AutoFailback, Effect } from '../../src/heartbeat/core/cluster.js'
import { type SimNode, Violation, World } from './world.js'

export interface Profile {
  readonly seed: number
  readonly autoFailback: AutoFailback
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly links: number
  readonly groups: number
  readonly loss: number
  readonly duplication: number
  readonly delayMaxMs: number
  readonly slowActionMs: number
  readonly faults: number
  /** Gentle runs have commands, delay, doubles and reordering, but nothing that may part the nodes. */
  readonly isGentle: boolean
  /** What stands around the nodes. */
  readonly hasPing: boolean
  readonly takeoverNeedsPing: boolean
  readonly hasStonith: boolean
  readonly hasKeys: boolean
  /** Groups fail while they run, beyond their restarts. */
  readonly losesGroups: boolean
}

const PHASE_ONE_MS = 240_000
/** Start (initdead), failback, a cancelled standby (10 s), failed starts and stops tried again, slow actions. */
const SETTLE_MS = 180_000

export function profileOf(seed: number): Profile {
  const random = createPrng(seed ^ 0x5157)
  const keepaliveMs = random.pick([100, 500, 1000])
  const isGentle = random.chance(0.3)
  return {
    seed,
    autoFailback: random.pick(['on', 'off', 'on', 'off', 'legacy'] as const),
    keepaliveMs,
    deadtimeMs: keepaliveMs * random.pick([3, 5, 10]),
    links: random.pick([1, 2]),
    groups: random.between(1, 4),
    loss: isGentle ? 0 : random.pick([0, 0, 0.02, 0.1, 0.3]),
    duplication: random.pick([0, 0.1, 0.5]),
    delayMaxMs: random.pick([1, 20, keepaliveMs * 0.4]),
    slowActionMs: random.pick([10, 200, 3000]),
    faults: random.between(1, 12),
    isGentle,
    ...surroundingsOf(seed),
  }
}

/** Drawn apart: what was drawn for a seed before these were thought of stays as it was. */
function surroundingsOf(
  seed: number,
): Pick<Profile, 'hasPing' | 'takeoverNeedsPing' | 'hasStonith' | 'hasKeys' | 'losesGroups'> {
  const random = createPrng(seed ^ 0x7069)
  const hasPing = random.chance(0.5)
  const takeoverNeedsPing = hasPing && random.chance(0.5)
  const [hasStonith, hasKeys, losesGroups] = [random.chance(0.25), random.chance(0.15), random.chance(0.4)]
  return { hasPing, takeoverNeedsPing, hasStonith, hasKeys, losesGroups }
}

/** Two nodes and the network between them, nothing else. */
export const BARE = {
  ...{ hasPing: false, takeoverNeedsPing: false, hasStonith: false, hasKeys: false },
  losesGroups: false,
} as const

export class Simulation {
  readonly profile: Profile
  readonly trace: string[] = []
  readonly #world: World
  readonly #random: Prng
  #hasBothStarted = false
  #hadLoss = false
  #hadKill = false
  #hadStopFailure = false
  #hadStartFailure = false
  #mishaps = 0
  #lastWakeMs = 0
  /** Mishaps of before may last until then. */
  #disturbedUntilMs = 0
  /** How often the rule for a node that wakes could be checked. */
  wakesChecked = 0
  /** The same for a healed partition, and for a takeover that needs a reset or a ping node. */
  healsChecked = 0
  takeoversChecked = 0
  /** The same for a group that failed while it ran. */
  lossesChecked = 0
  readonly #lost = new Set<string>()
  /** `node group` of every stop. */
  readonly #stops: string[] = []
  readonly #verdictAtMs = new Map<string, number>()

  constructor(profile: Profile) {
    this.profile = profile
    this.#random = createPrng(profile.seed)
    this.#hadLoss = profile.loss > 0
    const { keepaliveMs, deadtimeMs } = profile
    const keys = Array.from({ length: profile.groups }, (_, at) => `group${at}`)
    this.#world = new World(
      {
        seed: profile.seed,
        nodes: ['alpha', 'beta'],
        groups: keys.map((key, at) => ({ node: at % 2 === 0 ? 'alpha' : 'beta', key })),
        autoFailback: profile.autoFailback,
        keepaliveMs,
        deadtimeMs,
        warntimeMs: deadtimeMs / 2,
        initdeadMs: Math.max(deadtimeMs, 10_000),
        links: Array.from({ length: profile.links }, (_, at) => `eth${at}`),
        weather: {
          loss: profile.loss,
          duplication: profile.duplication,
          delayMinMs: 0.1,
          delayMaxMs: profile.delayMaxMs,
        },
        actionMs: random => 1 + random.next() * profile.slowActionMs,
        hasPing: profile.hasPing,
        takeoverNeedsPing: profile.takeoverNeedsPing,
        hasStonith: profile.hasStonith,
        hasKeys: profile.hasKeys,
      },
      (node, effect) => this.#observe(node, effect),
    )
  }

  /** Does harm in the middle of the run, to show that the rules notice. */
  sabotage(harm: (world: World) => void): void {
    this.#world.timeline.at(PHASE_ONE_MS / 2, () => harm(this.#world))
  }

  /** Throws a Violation that names the seed and the options. */
  run(): void {
    try {
      this.#schedule()
      this.#world.timeline.run(PHASE_ONE_MS, () => this.#always())
      this.#heal()
      this.#world.timeline.run(PHASE_ONE_MS + SETTLE_MS, () => this.#always())
      this.#atTheEnd()
    } catch (cause) {
      const tail = this.trace.slice(-60).join('\n')
      const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
      throw new Violation(`seed ${this.profile.seed}: ${text}\n${JSON.stringify(this.profile)}\n${tail}`)
    }
  }

  #schedule(): void {
    const { timeline } = this.#world
    const names = [...this.#world.nodes.keys()]
    for (const name of names) timeline.at(this.#random.next() * 15_000, () => this.#start(name))
    for (let fault = 0; fault < this.profile.faults; fault++)
      timeline.at(30_000 + this.#random.next() * (PHASE_ONE_MS - 40_000), () => this.#mishap(names))
  }

  #mishap(names: readonly string[]): void {
    const name = this.#random.pick(names)
    const other = names.find(candidate => candidate !== name)!
    const what = this.#random.pick(this.#possible)
    this.#note(`${name} ${what}`)
    this.#mishaps++
    this.#befall(what, name, other)
  }

  get #possible(): readonly string[] {
    const { isGentle, hasPing, hasStonith, hasKeys, losesGroups } = this.profile
    const isBare = !hasPing && !hasStonith && !hasKeys
    return [
      ...(isGentle ? GENTLE : MISHAPS),
      ...(isBare ? [] : ['restart', 'restart']),
      ...(hasPing && !isGentle ? ['isolate', 'isolate', 'ping lost'] : []),
      ...(hasKeys ? ['rotate', 'rotate'] : []),
      ...(losesGroups ? ['lose', 'lose', 'lose'] : []),
    ]
  }

  #befall(what: string, name: string, other: string): void {
    const world = this.#world
    const lastsMs = this.#random.next() * this.#random.pick([1, 4, 20]) * this.profile.deadtimeMs
    const node = world.node(name)
    this.#disturbedUntilMs = Math.max(
      this.#disturbedUntilMs,
      what === 'pause' || what === 'lose' ? 0 : world.timeline.nowMs + lastsMs,
    )
    switch (what) {
      case 'standby':
        world.standby(name, this.#random.pick(['all', 'local', 'foreign']))
        break
      case 'takeover':
        world.takeover(name, this.#random.pick(['all', 'local', 'foreign', 'failback']))
        break
      case 'stop':
        world.step(name, { kind: 'stop' })
        world.timeline.in(lastsMs + 5000, () => this.#start(name))
        break
      case 'start':
        this.#start(name)
        break
      case 'crash':
        world.crash(name)
        world.timeline.in(lastsMs, () => this.#start(name))
        break
      case 'restored':
        // State of three starts ago, as from a backup; the peer remembers the later ones.
        world.crash(name)
        node.generation = Math.max(1, node.generation - 3)
        this.#hadKill = true
        world.timeline.in(lastsMs, () => this.#start(name))
        break
      case 'kill':
        this.#hadKill = true
        world.kill(name)
        world.timeline.in(lastsMs, () => this.#start(name))
        break
      case 'pause':
        world.pause(name)
        world.timeline.in(lastsMs, () => this.#resume(name))
        break
      case 'partition':
        world.network.cut(name, other)
        world.network.cut(other, name)
        world.timeline.in(lastsMs, () => this.#reconnect())
        break
      case 'isolate':
        world.network.cut(name, other)
        world.network.cut(other, name)
        world.ping.cut(name)
        world.timeline.in(lastsMs, () => this.#reconnect())
        break
      case 'ping lost':
        world.ping.cut(name)
        world.timeline.in(lastsMs, () => world.ping.heal())
        break
      case 'restart':
        world.step(name, { kind: 'restart' })
        break
      case 'rotate':
        world.keys?.rotate(2 * this.profile.delayMaxMs + this.#random.next() * 2000)
        break
      case 'lose':
        this.#lose(name)
        break
      case 'one-way':
        world.network.cut(name, other)
        world.timeline.in(lastsMs, () => world.network.heal())
        break
      case 'start fails':
        node.startFailures = this.#random.between(1, 3)
        return
      case 'stop fails':
        node.stopFailures = this.#random.between(1, 2)
        return
      default:
        return
    }
  }

  /**
   * A group fails while it runs and has been stopped. It runs again, on one node: at once on the other where that lives
   * and takes, else here after half a minute. Checked where nothing else disturbs and it fails for the first time: what fails again
   * and again is passed on more and more seldom.
   */
  #lose(name: string): void {
    const world = this.#world
    const running = [...world.node(name).machine.running]
    if (running.length === 0) return
    const key = this.#random.pick(running)
    if (!world.lose(name, key)) return
    const isFirst = this.#lost.size === 0
    this.#lost.add(key)
    const { loss, slowActionMs, groups, keepaliveMs, hasStonith } = this.profile
    const lives = [...world.nodes.values()].map(node => node.cluster)
    // In legacy there is no handing over.
    const canGive =
      this.profile.autoFailback !== 'legacy' && lives.every(cluster => cluster?.status().communicationIsUp)
    const wasStable = lives.every(
      cluster => cluster === undefined || cluster.status().resources.state === 'stable',
    )
    const restMs = canGive ? 0 : 31_000
    const settleMs = restMs + 4000 + 4 * keepaliveMs + 3 * groups * slowActionMs
    const mishaps = this.#mishaps
    const sinceMs = world.timeline.nowMs
    world.timeline.in(settleMs, () => {
      const isSame = [...world.nodes.values()].every(
        (node, at) => node.cluster === lives[at] && !node.isPaused,
      )
      const isDisturbed =
        loss > 0 || hasStonith || this.#hadStopFailure || this.#hadStartFailure || this.#lastWakeMs > 0
      if (!isFirst || !isSame || !wasStable || isDisturbed || mishaps !== this.#mishaps) return
      if (this.#disturbedUntilMs > sinceMs) return
      const owners = world.owners(key)
      if (owners.length !== 1)
        throw new Violation(`${settleMs} ms after ${key} failed on ${name} it runs on [${owners}]`)
      if (canGive && owners[0] === name && this.profile.autoFailback !== 'on')
        throw new Violation(`${key} failed on ${name} and was started there again, though the other lives`)
      this.lossesChecked++
    })
  }

  /**
   * Two nodes that hear each other do not serve the same for longer than it takes to say so and to stop it, even when
   * one of them did not run for a while. Checked where nothing else disturbs.
   */
  #resume(name: string): void {
    const world = this.#world
    world.resume(name)
    this.#lastWakeMs = world.timeline.nowMs
    const { loss, slowActionMs, groups, keepaliveMs } = this.profile
    const settleMs = 4000 + 4 * keepaliveMs + 3 * groups * slowActionMs
    const mishaps = this.#mishaps
    const lives = [...world.nodes.values()].map(node => node.cluster)
    world.timeline.in(settleMs, () => {
      const isSame = [...world.nodes.values()].every(
        (node, at) => node.cluster !== undefined && node.cluster === lives[at] && !node.isPaused,
      )
      if (
        loss > 0 ||
        !isSame ||
        this.#hadStopFailure ||
        mishaps !== this.#mishaps ||
        this.#disturbedUntilMs > this.#lastWakeMs
      )
        return
      for (const { key } of world.options.groups) {
        const owners = world.owners(key)
        if (owners.length > 1)
          throw new Violation(
            `${settleMs} ms after ${name} woke ${key} still runs on ${owners.join(' and ')}`,
          )
      }
      this.wakesChecked++
    })
  }

  /**
   * A partition ends. Who yields what both hold: the one that does not reach the ping node, else the one that is not
   * the preferred owner; the other serves on without a stop. Checked where nothing else disturbs.
   */
  #reconnect(): void {
    const world = this.#world
    const seen = [...world.nodes.values()].map(node => ({
      reaches: world.ping.isReachedBy(node.name),
      believes: node.cluster?.status().nodes.some(({ status }) => status === 'ping') === true,
      name: node.name,
    }))
    const isKnown = !this.profile.hasPing || seen.every(({ reaches, believes }) => reaches === believes)
    const reachers = seen.filter(({ reaches }) => reaches).map(({ name }) => name)
    world.network.heal()
    const { loss, slowActionMs, groups, keepaliveMs, deadtimeMs, hasStonith, autoFailback } = this.profile
    const isDisturbed = (): boolean =>
      loss > 0 ||
      hasStonith ||
      !isKnown ||
      this.#hadStopFailure ||
      autoFailback === 'legacy' ||
      this.#lastWakeMs > 0
    const contested = world.options.groups.filter(({ key }) => world.owners(key).length === 2)
    const settleMs = 4000 + 4 * keepaliveMs + 3 * groups * slowActionMs + deadtimeMs
    // Else both would be equal again before they have compared.
    world.timeline.in(settleMs, () => world.ping.heal())
    if (isDisturbed() || contested.length === 0) return
    const mishaps = this.#mishaps
    const lives = [...world.nodes.values()].map(node => node.cluster)
    const settled = lives.every(cluster => cluster?.status().resources.state === 'stable')
    const stops = this.#stops.length
    world.timeline.in(settleMs, () => {
      const isSame = [...world.nodes.values()].every((node, at) => node.cluster === lives[at])
      if (!isSame || !settled || isDisturbed() || mishaps !== this.#mishaps) return
      for (const { key, node: preferred } of contested) {
        const keeper = reachers.length === 1 ? reachers[0]! : preferred
        // Failback may move it home afterwards.
        if (keeper !== preferred && autoFailback === 'on') continue
        if (this.#stops.slice(stops).includes(`${keeper} ${key}`) || world.owners(key).join() !== keeper)
          throw new Violation(`after the partition ${key} runs on [${world.owners(key)}], not on ${keeper}`)
        this.healsChecked++
      }
    })
  }

  #start(name: string): void {
    if (this.#world.node(name).cluster !== undefined) return
    this.#note(`${name} start`)
    this.#world.start(name)
  }

  #heal(): void {
    const world = this.#world
    this.#note('healed')
    world.network.heal()
    world.ping.heal()
    world.network.weather = { ...world.network.weather, loss: 0 }
    for (const node of world.nodes.values()) {
      node.startFailures = 0
      node.stopFailures = 0
      if (node.isPaused) world.resume(node.name)
      world.timeline.in(15_000, () => this.#start(node.name))
    }
  }

  /** After every event of a gentle run: once both have started, no group ever runs twice. */
  #always(): void {
    const nodes = [...this.#world.nodes.values()]
    if (!this.#hasBothStarted)
      this.#hasBothStarted = nodes.every(node => node.cluster?.status().communicationIsUp)
    if (!this.profile.isGentle) return
    for (const { key } of this.#world.options.groups) {
      const owners = this.#world.owners(key)
      if (owners.length > 1) throw new Violation(`${key} runs on ${owners.join(' and ')}`)
    }
  }

  #atTheEnd(): void {
    const world = this.#world
    for (const { key, node } of world.options.groups) {
      const owners = world.owners(key)
      if (owners.length !== 1) throw new Violation(`${key} of ${node} runs on [${owners.join(' ')}]`)
    }
    const [alpha, beta] = [...world.nodes.values()].map(node => node.cluster?.status())
    if (alpha === undefined || beta === undefined) throw new Violation('a node does not run')
    for (const status of [alpha, beta]) {
      const { rscstatus, heldByPeer } = status.resources
      if (rscstatus === 'transition')
        throw new Violation(`${status.us} is still in transition: ${JSON.stringify(status.resources)}`)
      const other = status === alpha ? beta : alpha
      if (this.profile.autoFailback !== 'legacy' && heldByPeer !== other.resources.held)
        throw new Violation(
          `${status.us} believes the other holds ${heldByPeer}, it says ${other.resources.held}`,
        )
      for (const node of status.nodes)
        if (node.status !== (node.type === 'ping' ? 'ping' : 'active') || node.missing > 0)
          throw new Violation(`${status.us} sees ${node.name} ${node.status}, ${node.missing} missing`)
    }
  }

  #observe(node: SimNode, effect: Effect | { kind: 'action'; what: string; key: string }): void {
    if (effect.kind === 'action' && effect.what === 'stop fails') this.#hadStopFailure = true
    if (effect.kind === 'action' && effect.what === 'start fails') this.#hadStartFailure = true
    if (effect.kind === 'action' && effect.what === 'stop') this.#stops.push(`${node.name} ${effect.key}`)
    if (effect.kind === 'action' && effect.what === 'reset')
      this.#world.timeline.in(3000 + this.#random.next() * 20_000, () => this.#start(node.name))
    if (effect.kind === 'action') this.#note(`${node.name} ${effect.what} ${effect.key}`)
    if (effect.kind === 'run')
      this.#note(`${node.name} run ${effect.what} ${effect.resourceClass} (${effect.why})`)
    if (effect.kind === 'log') this.#checkLog(node, effect.text)
    if (effect.kind !== 'decided') return
    const { decision } = effect
    this.#note(`${node.name}: ${decision.node} ${decision.what} (${decision.because})`)
    const isVerdict = decision.what.endsWith('-> dead') && this.#world.nodes.has(decision.node)
    if (isVerdict) this.#checkVerdict(node, decision.node)
    if (isVerdict) this.#verdictAtMs.set(`${node.name} ${decision.node}`, this.#world.timeline.nowMs)
    const dead = /^(\w+): (?:it is dead|not heard)$/.exec(decision.because)?.[1]
    if (dead !== undefined && decision.what.startsWith('takes')) this.#checkTakeover(node, dead)
  }

  /** Nothing is taken from a dead node while we are cut off, nor while it may still run something. */
  #checkTakeover(node: SimNode, dead: string): void {
    const world = this.#world
    const { takeoverNeedsPing, hasStonith, keepaliveMs } = this.profile
    const verdictMs = this.#verdictAtMs.get(`${node.name} ${dead}`) ?? 0
    const resetMs = world.device.resetAtMs.get(dead) ?? Number.NEGATIVE_INFINITY
    if (takeoverNeedsPing) {
      const cutMs = world.ping.cutForMs(node.name)
      // A reset that was begun before is proof enough.
      if (cutMs > 2 * keepaliveMs + 1 && resetMs < verdictMs)
        throw new Violation(
          `${node.name} takes over from ${dead}, cut off from its ping node for ${cutMs} ms`,
        )
      this.takeoversChecked++
    }
    if (!hasStonith || this.#hadStopFailure) return
    const running = [...world.node(dead).machine.running]
    if (running.length > 0 && resetMs < verdictMs)
      throw new Violation(`${node.name} takes over from ${dead}, which runs ${running} and was not reset`)
    this.takeoversChecked++
  }

  /** Nobody is declared dead before the silence that he himself asked for. */
  #checkVerdict(node: SimNode, dead: string): void {
    const world = this.#world
    const heard = world.heard.get(`${node.name}<${dead}`)
    const sinceMs = heard?.atMs ?? node.startedAtMs
    const silentMs = world.timeline.nowMs - sinceMs
    const leastMs = heard === undefined ? world.options.initdeadMs : heard.deadtimeMs
    // A node that returns starts a new count: a status overtaken by its first packet is not counted by the core.
    if (silentMs < leastMs - (this.profile.isGentle ? 0.001 : this.profile.delayMaxMs))
      throw new Violation(`${node.name} buries ${dead} after ${silentMs} ms of silence, not ${leastMs}`)
    const livedMs = world.isRunning(dead) ? world.timeline.nowMs - world.node(dead).startedAtMs : 0
    if (this.profile.isGentle && heard !== undefined && livedMs > heard.deadtimeMs)
      throw new Violation(`${node.name} buries ${dead}, which lives`)
  }

  #checkLog(node: SimNode, text: string): void {
    const isLoss = text.startsWith('Irretrievably lost') || text.startsWith('lost a lot')
    if (isLoss && this.profile.isGentle && !this.#hadLoss && !this.#hadKill)
      throw new Violation(`${node.name}: ${text}, though nothing was lost`)
  }

  #note(text: string): void {
    this.trace.push(`${(this.#world.timeline.nowMs / 1000).toFixed(3)} ${text}`)
    if (this.trace.length > 2000) this.trace.splice(0, 1000)
  }
}

const GENTLE = ['standby', 'takeover', 'stop', 'start', 'slow'] as const
const MISHAPS = [
  'standby',
  'takeover',
  'stop',
  'start',
  'crash',
  'kill',
  'restored',
  'pause',
  'partition',
  'partition',
  'one-way',
  'start fails',
  'stop fails',
] as const

/**
 * Who owns which class of resources. A node starts by telling and asking (starting, resource), becomes stable, takes
 * over from the dead and the leaving, and gives back what is not its own if auto_failback is on. `settle` is called
 * after every event and looks at the state alone, so that no event can be lost on the way to the right end.
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import { Announcement } from './announcement.js'
import { ALL, type Bits, classBits, flip, NONE } from './classes.js'
import { Clearance } from './clearance.js'
import type { NodeName } from './contract.js'
import { Departure } from './departure.js'
import type { Ground } from './ground.js'
import { Legacy } from './legacy.js'
import type { Peer } from './membership.js'
import { parseDecimal } from './numbers.js'
import { Partition } from './partition.js'
import { Remedies } from './remedies.js'
import { Standby } from './standby.js'
import { StartPhase } from './start-phase.js'
import { Takeover } from './takeover.js'

export class Ownership {
  readonly ground: Ground
  readonly standby: Standby
  readonly departure: Departure
  readonly legacy: Legacy
  readonly clearance: Clearance
  readonly #announcement: Announcement
  readonly #partition: Partition
  readonly #remedies: Remedies
  readonly #start: StartPhase
  readonly #takeover: Takeover

  constructor(ground: Ground, hasten: () => void) {
    this.ground = ground
    this.standby = new Standby(ground)
    this.departure = new Departure(ground, hasten)
    this.legacy = new Legacy(ground)
    this.#takeover = new Takeover(ground, this.legacy)
    this.clearance = new Clearance(ground)
    this.#start = new StartPhase(ground, this.legacy, this.#takeover, this.clearance)
    this.#announcement = new Announcement(ground)
    this.#partition = new Partition(ground, () => this.#announcement.owe('both nodes held the same'))
    this.#remedies = new Remedies(ground, this.standby)
  }

  /** Communication is up: all nodes are heard or declared dead. */
  begin(peerIsActive: boolean): void {
    const { ground } = this
    if (ground.config.manageResources && ground.state === 'init') this.#start.begin(peerIsActive)
  }

  heardStarting(seq: number): void {
    const { ground } = this
    if (ground.isLegacy || !ground.config.manageResources) return
    ground.peer.hasStarted = true
    if (seq > ground.peer.toldSeq) {
      this.standby.cancel('the peer starts anew')
      ground.peer.isStable = false
      ground.peer.toldSeq = seq
    }
    if (ground.state === 'starting') ground.state = 'bothStarting'
    this.#remedies.peerStarts()
    ground.announce(ground.state === 'stable' && !ground.isInFlux)
    ground.announceToSystole()
  }

  /** A resource message of the peer, or our kind's own form of it. */
  heardResource(message: Message, seq: number): void {
    const { peer } = this.ground
    const bits = classBits(message.text('rsc_hold'))
    if (message.text('asks') === '1' && this.ground.state !== 'init') this.ground.announceToSystole()
    peer.isSystole ||= message.type === 'systole'
    if (bits === undefined || seq <= peer.toldSeq) return
    if (this.ground.isLegacy && message.type !== 'systole') return
    peer.toldSeq = seq
    const isSystole = message.type === 'systole'
    if (isSystole) {
      peer.reachablePings = parseDecimal(message.text('pings'))
      peer.isInDoubt = message.text('doubt') === '1'
    }
    const isFull = isSystole || message.text('rtype') === 'full'
    peer.held = isFull ? bits : ((peer.held | bits) as Bits)
    peer.hasClaimed ||= isFull
    if (isFull) peer.claimIsOld = false
    const isStable = message.text('isstable')
    if (isStable === undefined) return
    if (isStable === '1' && !peer.isStable) this.ground.chronicle.log(lines.remoteTransition())
    peer.isStable = isStable === '1'
    if (peer.isStable) this.standby.heardStable(this.ground.peerName, seq)
  }

  /** ask_resources of the peer. */
  heardAsk(from: NodeName, message: Message, seq: number): void {
    const bits = classBits(message.text('rsc_hold'))
    if (bits === undefined || !this.ground.config.manageResources) return
    // heartbeat 3.0.6 answers our `shutdown` with a `done` of its own, as if that had been a standby.
    if (this.ground.state === 'shutdown' && message.text('info') === 'done') return
    this.standby.heard(from, message.text('info') ?? '', bits, seq)
  }

  /** mach_down by hand: the script has taken the groups, and the peer has been told. */
  saidMachDown(message: Message): void {
    const bits = classBits(message.text('rsc_hold'))
    if (bits === undefined || !this.ground.config.manageResources) return
    this.ground.hold(bits, 'mach_down by hand')
    this.ground.owesStable = true
    this.ground.chronicle.log(lines.machDownComplete())
  }

  /** The peer's administrator wants its side to take over: we go standby for the class that it named in its words. */
  heardTakeover(from: NodeName, message: Message): void {
    const bits = classBits(message.text('rsc_hold'))
    // An argument that the original's script does not know, such as failback, means all there too.
    this.standby.request(bits === undefined ? ALL : flip(bits), `hb_takeover on ${from}`)
  }

  /** The peer wants one group: it starts, under auto_failback legacy, or its administrator asks. */
  heardIpRequest(from: NodeName, message: Message): void {
    if (this.ground.config.manageResources && this.ground.state !== 'init')
      this.legacy.requested(from, message.text('ipaddr') ?? '')
  }

  /** A verdict of death. */
  peerDied({ name, hasLeft, heardAtMs }: Peer): void {
    const { ground } = this
    if (this.#wasNobody(name)) return
    // Whom we have just handed groups to may have begun to start them, before it says that it holds them.
    const isTaking = this.standby.phase === 'peerTaking'
    const gaveUp = hasLeft || (!ground.peerMayHold && !isTaking)
    const isReset = ground.config.canReset === true && !gaveUp && ground.config.manageResources
    if (!isReset) ground.say(['t', 'stonith'], ['node', name], ['result', gaveUp ? 'unneeded' : 'n_stnth'])
    if (gaveUp) ground.chronicle.log(lines.deadNodeGaveUp(name))
    else if (!isReset) ground.chronicle.log(...lines.noStonith())
    this.standby.cancel(`${name} is dead`)
    // Before communication is up the start phase takes what nobody holds.
    if (hasLeft || ground.state === 'init') return
    const take = (): void => this.#takeOver(name, 'it is dead')
    if (this.#isStopping) take()
    else {
      const mayHold = !gaveUp
      this.clearance.ask({ node: name, silentSinceMs: heardAtMs, mayHold, take, otherwise: () => {} })
    }
  }

  /** Nothing moves here, and nothing is under way: a new life can begin with what is held. */
  get isAtRest(): boolean {
    const { ground } = this
    const isSettled = ground.state === 'stable' || ground.state === 'init'
    const isBusy = ground.standbyIsRunning || !ground.jobs.isIdle || this.clearance.isResetting
    return this.departure.phase === 'no' && isSettled && !isBusy
  }

  get #isStopping(): boolean {
    return this.ground.state === 'shutdown' || this.departure.phase !== 'no'
  }

  /** A node that addnode brought in and that owns nothing, while the peer lives: nothing is to be taken from it. */
  #wasNobody(name: NodeName): boolean {
    const ownsGroups = this.ground.groups.some(({ node }) => node.toLowerCase() === name)
    return this.ground.peerIsAlive && !ownsGroups && !this.ground.config.nodes.includes(name)
  }

  /** shutdone: the peer has released everything and will be silent soon. */
  peerLeft(name: NodeName): void {
    const { ground } = this
    ground.chronicle.log(lines.shutdownNotice(name))
    this.standby.cancel(`${name} has stopped`)
    ground.peer.held = NONE
    ground.peer.hasClaimed = true
    this.clearance.withdraw(`${name} has stopped`)
    this.#takeOver(name, 'it has stopped')
  }

  /** A new life of the peer: whatever it held or promised is void until it speaks. */
  peerRestarted(name: NodeName): void {
    this.standby.cancel(`${name} has restarted`)
    this.ground.forgetPeer()
    this.#announcement.owe(`${name} has restarted`)
  }

  /** The peer is heard again after its death, in the same life: it may still run what we took from it. */
  peerReturned(): void {
    const { ground } = this
    ground.peer.claimIsOld = true
    this.#announcement.owe(`${ground.peerName} has returned`)
    if (ground.config.manageResources && ground.state !== 'init') ground.announceToSystole(true)
  }

  /** We did not run for longer than deadtime: a peer that lived before may have taken over. */
  awoke(): void {
    const { ground } = this
    if (!ground.config.manageResources || ground.held === NONE || !ground.peerIsAlive) return
    ground.doubt()
    ground.chronicle.log(lines.mayHaveTakenOver(ground.peerName))
    ground.announceToSystole(true)
  }

  /** Our own generation was too low, so the peer has heard nothing of us yet: tell what we hold, ask what it holds. */
  beganAnew(): void {
    const { ground } = this
    if (!ground.config.manageResources || ground.state === 'init') return
    ground.owesStable = true
    ground.announceToSystole(true)
  }

  #takeOver(name: NodeName, because: string): void {
    const { ground } = this
    if (!ground.config.manageResources || ground.state === 'init') return
    if (this.#isStopping) ground.chronicle.log(lines.takeoverCancelled())
    else if (this.#takeover.from(name, because)) this.#remedies.tookOver()
  }

  tick(nowMs: number): void {
    this.standby.tick(nowMs)
    this.legacy.tick(nowMs)
  }

  settle(nowMs: number): void {
    const { ground } = this
    this.departure.advance(nowMs)
    if (this.#isStopping) this.clearance.withdraw('we stop')
    else this.clearance.advance(nowMs)
    if (this.departure.phase !== 'no' || ground.state === 'init') return
    if (ground.state !== 'stable' && !this.clearance.isPending) this.#start.advance(nowMs)
    if (ground.isInFlux) return
    if (ground.owesStable) ground.announce(true)
    this.#partition.advance(nowMs)
    if (!ground.isInFlux) this.#announcement.advance()
    if (!ground.isInDoubt) this.#remedies.advance(nowMs)
  }

  nextMs(): number {
    return Math.min(
      this.#start.nextMs(),
      this.standby.nextMs(),
      this.departure.nextMs(),
      this.clearance.nextMs(),
      this.legacy.nextMs(),
      this.ground.isInFlux ? Number.POSITIVE_INFINITY : this.#partition.nextMs(),
      this.ground.isInFlux
        ? Number.POSITIVE_INFINITY
        : Math.max(this.#remedies.nextMs(), this.ground.doubtUntilMs),
    )
  }
}

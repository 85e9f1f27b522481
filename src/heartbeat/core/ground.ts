/**
 * What all parts of ownership stand on: what we hold, what the peer says it holds, how both announce it, and the rule
 * for "in flux". An R1 cluster has two nodes; with more, the others count as one peer, as in the original.
 */
import * as lines from '../log-lines.js'
import { Agreement } from './agreement.js'
import type { Chronicle } from './chronicle.js'
import { type Bits, className, common, FOREIGN, flip, LOCAL, NONE, union } from './classes.js'
import type { ClusterConfig, FailedGroup, GroupName, NodeName, ResourceState } from './contract.js'
import { Jobs } from './jobs.js'
import type { Membership } from './membership.js'
import type { Pair, Sender } from './sender.js'

/** Besides two keepalives: time for question and answer, also when one is lost. */
const DOUBT_MS = 2000

/** What we know of the peer's resources, in the peer's words. */
export interface PeerView {
  held: Bits
  isStable: boolean
  /** A full `resource` message of its present life has been heard. */
  hasClaimed: boolean
  /** What it claims was said before it was declared dead; it has come back since. */
  claimIsOld: boolean
  /** Its `starting` has been heard: it is in its start phase or past it. */
  hasStarted: boolean
  isSystole: boolean
  /** It says that it did not run for a while and doubts what it holds. */
  isInDoubt: boolean
  /** undefined: it has no ping nodes, or cannot ask them. */
  reachablePings: number | undefined
  /** Number of the last message that told of its resources: an older one, coming late, changes nothing. */
  toldSeq: number
}

const unknownPeer = (): PeerView => ({
  held: NONE,
  isStable: false,
  hasClaimed: false,
  claimIsOld: false,
  hasStarted: false,
  isSystole: false,
  isInDoubt: false,
  reachablePings: undefined,
  toldSeq: 0,
})

export class Ground {
  state: ResourceState = 'init'
  held: Bits
  peer: PeerView = unknownPeer()
  groups: readonly GroupName[]
  /** What must still be mended; see failures.ts. */
  failed: readonly GroupName[]
  /** What to show of failures, by group: also of groups that the peer has taken over since. */
  readonly #shown = new Map<string, FailedGroup>()
  /** We have told the peer that we are unstable and owe it the news of our being stable. */
  owesStable = false
  standbyIsRunning = false
  #startIsComplete = false
  /** We did not run for longer than deadtime: until then the peer's claims go before ours. */
  doubtUntilMs = Number.NEGATIVE_INFINITY
  readonly jobs: Jobs
  readonly agreement: Agreement
  readonly config: ClusterConfig
  readonly chronicle: Chronicle
  readonly membership: Membership
  readonly sender: Sender

  constructor(
    config: ClusterConfig,
    chronicle: Chronicle,
    membership: Membership,
    sender: Sender,
    held: Bits,
  ) {
    this.config = config
    this.chronicle = chronicle
    this.membership = membership
    this.sender = sender
    this.held = held
    this.groups = config.groups
    this.failed = config.failedAtStart ?? []
    this.jobs = new Jobs(chronicle)
    this.agreement = new Agreement(config.us, config.fingerprints ?? [], chronicle)
  }

  get us(): NodeName {
    return this.config.us
  }

  get nowMs(): number {
    return this.chronicle.nowMs
  }

  get isLegacy(): boolean {
    return this.config.autoFailback === 'legacy'
  }

  get peerIsAlive(): boolean {
    return this.membership.living().some(peer => !peer.hasLeft)
  }

  /** The peer has said that it stops. */
  get peerHasLeft(): boolean {
    return this.membership.others().some(peer => peer.type === 'normal' && peer.hasLeft)
  }

  /** It may run something: it has not said that it holds nothing. In legacy mode only a stop is told. */
  get peerMayHold(): boolean {
    return this.isLegacy || !this.peer.hasClaimed || this.peer.held !== NONE
  }

  get peerName(): NodeName {
    const others = this.membership.others().filter(peer => peer.type === 'normal')
    return (others.find(peer => peer.status !== 'dead') ?? others[0])?.name ?? 'nobody'
  }

  /** Resources are moving here, or we are not settled yet. */
  get isInFlux(): boolean {
    return this.state !== 'stable' || this.standbyIsRunning || !this.jobs.isIdle
  }

  get isInDoubt(): boolean {
    return this.nowMs < this.doubtUntilMs
  }

  /** Begins to doubt, or goes on. */
  doubt(): void {
    this.doubtUntilMs = this.nowMs + DOUBT_MS + 2 * this.config.keepaliveMs
  }

  /** Our groups have found their place for the first time; `by` names what brought that about. Said once. */
  completeStart(by: string): void {
    if (!this.#startIsComplete) this.chronicle.log(lines.initialAcquisition(by))
    this.#startIsComplete = true
  }

  forgetPeer(): void {
    this.peer = unknownPeer()
  }

  say(...pairs: readonly Pair[]): void {
    this.sender.send(pairs)
  }

  /** Tells the peer what we hold. */
  announce(isStable: boolean, info?: string): void {
    this.owesStable = !isStable
    if (this.isLegacy) {
      this.announceToSystole()
      return
    }
    const extra: Pair[] = info === undefined ? [] : [['info', info]]
    this.say(
      ['t', 'resource'],
      ['rsc_hold', className(this.held)],
      ['rtype', 'full'],
      ['isstable', isStable ? '1' : '0'],
      ...extra,
    )
  }

  /**
   * The same for a Systole peer, with what it needs to settle a partition; may ask for its claim in return.
   * heartbeat 3.0.6 takes no notice of it.
   */
  announceToSystole(asks = false): void {
    if (this.isInFlux) this.owesStable = true
    const conf = this.agreement.words
    this.say(
      ['t', 'systole'],
      ['rsc_hold', className(this.held)],
      ['isstable', this.isInFlux ? '0' : '1'],
      ['doubt', this.isInDoubt ? '1' : '0'],
      ...(this.config.pingNodes.length === 0
        ? []
        : [['pings', String(this.membership.reachablePings())] as const]),
      ['asks', asks ? '1' : '0'],
      ...(conf === '' ? [] : [['conf', conf] as const]),
    )
  }

  hold(bits: Bits, because: string): void {
    const gained = union(this.held, bits)
    if (gained === this.held) return
    this.chronicle.decide(this.us, `takes ${className((gained & ~this.held) as Bits)}`, because)
    this.held = gained
  }

  release(bits: Bits, because: string): void {
    const lost = common(this.held, bits)
    if (lost === NONE) return
    this.chronicle.decide(this.us, `gives ${className(lost)}`, because)
    this.held = (this.held & ~lost) as Bits
  }

  /** Preferred owner decides: our lines are local, the others foreign. */
  classOf(group: GroupName): Bits {
    return group.node.toLowerCase() === this.us ? LOCAL : FOREIGN
  }

  /** Who claims a group: in an undisturbed cluster one node. */
  holdersOf(group: GroupName): NodeName[] {
    const bits = this.classOf(group)
    const holders = (this.held & bits) === 0 ? [] : [this.us]
    const isClaimed = this.peerIsAlive && (flip(this.peer.held) & bits) !== 0
    return isClaimed ? [...holders, this.peerName] : holders
  }

  /** Remembers which groups of these classes failed to start; the others of these classes are well. */
  noteStarts(bits: Bits, failed: readonly GroupName[]): void {
    for (const { key, node } of failed) {
      this.chronicle.log(lines.startFailed(key, node))
      this.chronicle.decide(this.us, `${key} of ${node} failed`, 'it could not be started')
    }
    this.#note(bits, failed)
    this.#forgetShown(group => (this.classOf(group) & bits) !== NONE)
    for (const group of failed) this.#show(group, 'start')
  }

  /** The same for groups that could not be stopped. */
  noteStops(bits: Bits, failed: readonly GroupName[]): void {
    for (const { key, node } of failed) {
      this.chronicle.log(lines.stopFailed(key, node))
      this.chronicle.decide(this.us, `${key} of ${node} failed`, 'it could not be stopped')
    }
    this.#note(bits, failed)
    this.#forgetShown(group => group.what === 'stop' && (this.classOf(group) & bits) !== NONE)
    for (const group of failed) this.#show(group, 'stop')
    const [first] = failed
    if (!first || this.config.rebootsOnStopFailure !== true) return
    this.chronicle.log(lines.rebooting(first.key))
    this.chronicle.push({ kind: 'reboot', why: `resource group ${first.key} could not be stopped` })
  }

  /** A group that ran here has failed beyond its restarts. */
  noteLost(group: GroupName, why: string): void {
    this.chronicle.log(lines.groupLost(group.key, group.node, why))
    this.chronicle.decide(this.us, `gives up ${group.key}`, why)
    this.#show(group, 'run')
    // What is on its way to the peer need not be mended here.
    if ((this.classOf(group) & this.held) === NONE) return
    this.failed = [...this.failed.filter(({ key }) => key !== group.key), group]
  }

  /** One group is well again. */
  noteWell(key: string): void {
    this.failed = this.failed.filter(group => group.key !== key)
    this.#forgetShown(group => group.key === key)
  }

  get failures(): readonly FailedGroup[] {
    return [...this.#shown.values()]
  }

  #show({ node, key }: GroupName, what: FailedGroup['what']): void {
    this.#shown.set(`${node} ${key}`, { node, key, what, atMs: this.nowMs })
  }

  #forgetShown(isWell: (group: FailedGroup) => boolean): void {
    for (const [name, group] of this.#shown) if (isWell(group)) this.#shown.delete(name)
  }

  #note(bits: Bits, failed: readonly GroupName[]): void {
    const others = this.failed.filter(
      group => (this.classOf(group) & bits) === 0 && !failed.some(({ key }) => key === group.key),
    )
    this.failed = [...others, ...failed]
  }

  /** Groups that both of us claim, in our words. */
  get contested(): Bits {
    return common(this.held, flip(this.peer.held))
  }
}

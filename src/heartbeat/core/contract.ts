/**
 * The contract between the cluster's decisions and the daemon that acts: what goes in (Event, ClusterConfig), what
 * comes out (Effect) and what can be shown (ClusterStatus). The daemon performs the effects of one step in order,
 * before it hands in the next event.
 */
import type { Prng } from '../../base/prng.js'
import type { Level } from '../../log/record.js'
import type { Message } from '../wire/message.js'

export type NodeName = string
export type LinkName = string
export type AutoFailback = 'on' | 'off' | 'legacy'
/** What a node holds, seen from that node: its own groups, the others' groups, both. */
export type ResourceClass = 'none' | 'local' | 'foreign' | 'all'
/** What a STONITH device made of its task: as in the `stonith` notice of the original. */
export type StonithResult = 'OK' | 'bad' | 'badhost'
export type NodeStatus = 'init' | 'up' | 'active' | 'ping' | 'dead'

/** One line of haresources: the preferred owner and the first resource, which names the group. */
export interface GroupName {
  readonly node: NodeName
  readonly key: string
}

/** A node that delnode has taken out of the cluster. */
export interface DeletedNode {
  readonly name: NodeName
  /** undefined: it was never heard. */
  readonly uuid: Uint8Array | undefined
  readonly weight: number
  readonly site: string
}

/** A group that failed here, and what: its start, its stop, or it broke while it ran. */
export interface FailedGroup extends GroupName {
  readonly what: 'start' | 'stop' | 'run'
  readonly atMs: number
}

/** Something that must be the same on all nodes: a number of ha.cf as it is, a list as its digest. */
export interface Fingerprint {
  readonly name: string
  readonly value: string
}

export interface Difference {
  readonly node: NodeName
  readonly name: string
  readonly here: string
  readonly there: string
}

/** What may change while the cluster runs. */
export type Settings = Pick<
  ClusterConfig,
  | 'keepaliveMs'
  | 'deadtimeMs'
  | 'warntimeMs'
  | 'initdeadMs'
  | 'deadpingMs'
  | 'autoFailback'
  | 'takeoverNeedsPing'
>

export interface ClusterConfig {
  /** Our own node name, lower-cased. */
  readonly us: NodeName
  /** All nodes of ha.cf, lower-cased, in the order of the file; includes us. */
  readonly nodes: readonly NodeName[]
  /** Hosts of ping and names of ping_group, in the order of the file. */
  readonly pingNodes: readonly NodeName[]
  /** 16 bytes. */
  readonly uuid: Uint8Array
  /** Must be higher than at the last start, else peers refuse everything we say. */
  readonly generation: number
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly warntimeMs: number
  readonly initdeadMs: number
  readonly deadpingMs: number
  readonly autoFailback: AutoFailback
  /** A dead node's resources are taken only while a ping node answers (takeover_needs_ping). */
  readonly takeoverNeedsPing?: boolean
  /** A STONITH device is configured: `reset` must succeed before a dead node's resources are taken. */
  readonly canReset?: boolean
  readonly maxRexmitDelayMs: number
  readonly hopfudge: number
  /** Names of the links that carry heartbeats, such as eth1; several lines of one device are one link. */
  readonly links: readonly LinkName[]
  /** The groups of haresources, in the order of the file. */
  readonly groups: readonly GroupName[]
  /** What the peers are told of our files; nothing when absent. */
  readonly fingerprints?: readonly Fingerprint[]
  /** False for `heartbeat -M`: membership only, no resources. */
  readonly manageResources: boolean
  /** Whether a group that cannot be stopped has this machine rebooted. */
  readonly rebootsOnStopFailure?: boolean
  /** What we hold already when we start: `none`, or the class that `heartbeat -R -C` names after a restart. */
  readonly heldAtStart: ResourceClass
  /** Groups of these classes that failed before the restart. */
  readonly failedAtStart?: readonly GroupName[]
  /** Printed in `Heartbeat shutdown in progress. (pid)`. */
  readonly pid?: number
  readonly random: Prng
  /** Unix seconds for `ts`. */
  readonly wallSeconds: () => number
  /** Text of /proc/loadavg for `ld`, or `n/a`. */
  readonly loadAverage: () => string
}

/**
 * takeLocal  acquire each of our own groups that is not running (req_our_resources); `node` is us.
 * takeFrom   acquire the groups whose preferred owner is `node`, which is dead or has left (mach_down).
 * take       acquire the groups of `resourceClass` that the peer has just released (standby, third phase).
 * give       release the groups of `resourceClass` (standby, second phase; yielding after a partition).
 * giveAll    release every group of haresources, also those never held (graceful stop).
 * clear      at start, stop those groups of `resourceClass` that still run here from an earlier life of this daemon:
 *            ask for the status first; what does not run is left alone.
 * takeGroup, giveGroup  take or give the one group `key` (auto_failback legacy: ip-request and its answer).
 */
export type ResourceJobKind =
  | 'takeLocal'
  | 'takeFrom'
  | 'take'
  | 'give'
  | 'giveAll'
  | 'clear'
  | 'takeGroup'
  | 'giveGroup'

export interface ResourceJob {
  /** Rises by one with each job; jobEnded refers to it. */
  readonly job: number
  readonly what: ResourceJobKind
  /** Which groups, seen from us: local = haresources lines that begin with our name, foreign = the others. */
  readonly resourceClass: ResourceClass
  /** Preferred owner of the groups where there is one (takeLocal, takeFrom), else us. */
  readonly node: NodeName
  /** takeGroup and giveGroup: the group. */
  readonly key?: string
  readonly why: string
}

export type Event =
  /** A packet that decoded and verified, from a link. Packets of the ping links too (NS_st, src = ping node). */
  | {
      readonly kind: 'received'
      readonly link: LinkName
      readonly message: Message
      /** Number of the key that it was signed with. */
      readonly signedWith?: number
    }
  /** A message of a local writer (FIFO, API client, our commands), not yet stamped. */
  | { readonly kind: 'submitted'; readonly message: Message }
  /**
   * The answer to `run`. `failed` names the groups that could not be started, or that could not be stopped and
   * still run (give, giveAll); empty means success. A group whose start failed has been released again by the
   * runner. An answer to an unknown job is ignored.
   */
  | { readonly kind: 'jobEnded'; readonly job: number; readonly failed: readonly GroupName[] }
  /** The answer to `reset`. */
  | { readonly kind: 'resetEnded'; readonly node: NodeName; readonly result: StonithResult }
  /** authkeys was edited: which keys are in force, without the keys. */
  | { readonly kind: 'keys'; readonly what: string }
  /** A group that ran here has failed beyond its restarts, and has been stopped by the runner. */
  | { readonly kind: 'groupLost'; readonly group: GroupName; readonly why: string }
  /** haresources was edited: the new groups. */
  | { readonly kind: 'groups'; readonly groups: readonly GroupName[] }
  /** ha.cf was edited: other times. auto_failback does not change to or from legacy while the cluster runs. */
  | { readonly kind: 'settings'; readonly settings: Settings }
  /** A file was edited: what to tell the peers of it. */
  | { readonly kind: 'fingerprints'; readonly fingerprints: readonly Fingerprint[] }
  /** SIGTERM, `heartbeat -k`. Answered by `stopped`, after all groups have been released. */
  | { readonly kind: 'stop' }
  /** Begin a new life that keeps the resources. Answered by `restart`, as soon as nothing moves here. */
  | { readonly kind: 'restart' }
  /** The answer to `wakeAt`; harmless at any other time. */
  | { readonly kind: 'clock' }

export type Effect =
  /**
   * Put it on all links, now and in this order. Stamped and complete, but for the inner `auth` field of
   * `msgfmt classic` and the trailer, which the encoder adds. Also echo each status to the ping links.
   */
  | { readonly kind: 'send'; readonly message: Message }
  /**
   * Show it to the signed-on API clients (to_id routing and filters are the API's business), and to rc.d scripts of
   * types that the core does not handle itself. Includes our own messages (`src` is us), notices made here (ifstat,
   * status dead of a silent node) and a status only when it changed.
   */
  | { readonly kind: 'deliver'; readonly message: Message }
  /**
   * Have the resource runner do this; answered by exactly one jobEnded. The core asks for one job at a time: the
   * next `run` comes after jobEnded, so the daemon needs no queue.
   */
  | ({ readonly kind: 'run' } & ResourceJob)
  /** Have the STONITH device reset this node; answered by exactly one resetEnded, however long it takes. */
  | { readonly kind: 'reset'; readonly node: NodeName }
  /** Have the neighbours told once more which addresses are here: somebody else may have held them. Not answered. */
  | { readonly kind: 'announce'; readonly why: string }
  /** Reboot this machine at once, without another word: a group cannot be stopped and the administrator wants that. */
  | { readonly kind: 'reboot'; readonly why: string }
  | { readonly kind: 'log'; readonly level: Level; readonly text: string }
  /** Keep this generation for the next start, before what follows goes out. */
  | { readonly kind: 'generation'; readonly generation: number }
  /** Keep the list of deleted nodes (delhostcache): all of them, in order. */
  | { readonly kind: 'deletedNodes'; readonly nodes: readonly DeletedNode[] }
  /** One readable change for status, timeline and the demo. Also kept in ClusterStatus.decisions. */
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** All nodes are heard or declared dead: open the API socket. Once. */
  | { readonly kind: 'communicationUp' }
  /** Hand in a clock event at that time. Each step gives exactly one, last; it replaces all earlier ones. */
  | { readonly kind: 'wakeAt'; readonly atMs: number }
  /** The peers are asked for 30 s more patience: begin anew with what is held. Nothing follows. */
  | { readonly kind: 'restart'; readonly held: ResourceClass; readonly failed: readonly GroupName[] }
  /** The graceful stop is complete: close links and end. Nothing follows. */
  | { readonly kind: 'stopped' }

/** What changed, and because of what. */
export interface Decision {
  readonly atMs: number
  readonly node: NodeName
  /** Such as `beta: active -> dead` or `takes foreign`. */
  readonly what: string
  readonly because: string
}

export interface LinkStatus {
  readonly name: LinkName
  readonly status: 'up' | 'dead'
}

export interface NodeReport {
  readonly name: NodeName
  readonly type: 'normal' | 'ping'
  readonly status: NodeStatus
  readonly links: readonly LinkStatus[]
  /** Milliseconds since the last status packet; undefined when never heard. */
  readonly silentMs: number | undefined
  readonly generation: number | undefined
  /** The silence after which this node wants to be declared dead, as it announces it. */
  readonly deadtimeMs: number
  readonly uuid: Uint8Array | undefined
  readonly weight: number
  readonly site: string
  /** Sequence numbers that we know to be missing. */
  readonly missing: number
  /** True when the node has shown to be Systole too. */
  readonly isSystole: boolean
}

export type ResourceState = 'init' | 'starting' | 'bothStarting' | 'resourcesReceived' | 'stable' | 'shutdown'

export interface ClusterStatus {
  readonly us: NodeName
  readonly status: NodeStatus
  readonly generation: number
  readonly communicationIsUp: boolean
  /** In the order of `cl_status`' requests: normal nodes as in ha.cf (us included), then ping nodes, then added ones. */
  readonly nodes: readonly NodeReport[]
  readonly resources: {
    readonly state: ResourceState
    /** What we claim to hold. */
    readonly held: ResourceClass
    /** What the peer claims to hold, in the peer's words. */
    readonly heldByPeer: ResourceClass
    readonly peerIsStable: boolean
    /** `cl_status rscstatus`: none, local, foreign, all or transition. */
    readonly rscstatus: ResourceClass | 'transition'
    /** The groups of haresources and the nodes that claim to hold them; several nodes: not settled yet. */
    readonly groups: readonly (GroupName & { readonly holders: readonly NodeName[] })[]
    /** Groups that failed here last; shown until they start here well, also when the peer serves them meanwhile. */
    readonly failed: readonly FailedGroup[]
    /** The job that the runner is at, if any. */
    readonly job: ResourceJob | undefined
    readonly standby:
      | { readonly phase: string; readonly resourceClass: ResourceClass; readonly node: NodeName }
      | undefined
  }
  /** Where a Systole peer has read other files than we. */
  readonly differences: readonly Difference[]
  readonly shutdown: 'no' | 'delayed' | 'releasing' | 'leaving' | 'done'
  /** The last changes, oldest first. */
  readonly decisions: readonly Decision[]
}

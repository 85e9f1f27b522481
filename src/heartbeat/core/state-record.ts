/** The one state record of the cluster: status --json, the API socket, logs and the demo are prints of it. */
import { className } from './classes.js'
import type { ClusterConfig, ClusterStatus, Decision, NodeReport, NodeStatus } from './contract.js'
import type { Membership, Peer } from './membership.js'
import type { Ownership } from './ownership.js'

export interface Sources {
  readonly config: ClusterConfig
  readonly ownership: Ownership
  readonly membership: Membership
  readonly status: NodeStatus
  readonly generation: number
  readonly deadtimeMs: number
  readonly communicationIsUp: boolean
  readonly decisions: readonly Decision[]
  readonly nowMs: number
}

export function reportStatus(from: Sources): ClusterStatus {
  const { config, ownership, membership } = from
  const { ground, standby, departure } = ownership
  const held = className(ground.held)
  const peerIsSettled = ground.peer.isStable || ground.isLegacy || !ground.peerIsAlive
  const settledStates = ['stable', 'shutdown', 'init']
  const isSettled =
    peerIsSettled &&
    !ownership.clearance.isResetting &&
    !ground.standbyIsRunning &&
    ground.jobs.isIdle &&
    settledStates.includes(ground.state)
  return {
    us: config.us,
    status: from.status,
    generation: from.generation,
    communicationIsUp: from.communicationIsUp,
    nodes: [...membership.peers.values()].map(peer => reportNode(peer, from)),
    resources: {
      state: ground.state,
      held,
      heldByPeer: className(ground.peer.held),
      peerIsStable: peerIsSettled,
      rscstatus: isSettled ? held : 'transition',
      groups: ground.groups.map(group => ({ ...group, holders: ground.holdersOf(group) })),
      failed: ground.failures,
      job: ground.jobs.current,
      standby:
        standby.phase === 'idle'
          ? undefined
          : { phase: standby.phase, resourceClass: className(standby.bits), node: standby.giver },
    },
    differences: ground.agreement.differences,
    shutdown: departure.phase,
    decisions: from.decisions,
  }
}

function reportNode(peer: Peer, from: Sources): NodeReport {
  const isUs = peer.name === from.config.us
  const silentMs = peer.heardAtMs === undefined ? undefined : from.nowMs - peer.heardAtMs
  return {
    name: peer.name,
    type: peer.type,
    status: isUs ? from.status : peer.status,
    links: peer.links.report(),
    silentMs: isUs ? 0 : silentMs,
    generation: isUs ? from.generation : peer.reception.generation,
    deadtimeMs: isUs ? from.deadtimeMs : peer.deadtimeMs,
    uuid: peer.uuid,
    weight: peer.weight,
    site: peer.site,
    missing: peer.reception.missing,
    isSystole: peer.isSystole,
  }
}

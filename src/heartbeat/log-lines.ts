/**
 * The log lines of heartbeat 3.0.6 that administrators grep for, word for word (measured on heartbeat 3.0.6), and
 * our own in the same style. Pure: a line is data, the core's effects carry it.
 */
import type { Level } from '../log/record.js'
import type { Difference } from './core/contract.js'

export interface LogLine {
  readonly level: Level
  readonly text: string
}

const info = (text: string): LogLine => ({ level: 'info', text })
const warn = (text: string): LogLine => ({ level: 'WARN', text })
const error = (text: string): LogLine => ({ level: 'ERROR', text })
const crit = (text: string): LogLine => ({ level: 'CRIT', text })

// Start.
export const throughLogd = () => [
  info('Enabling logging daemon'),
  info('logfile and debug file are those specified in logd config file (default /etc/logd.cf)'),
]
export const pacemakerSupport = () => info('Pacemaker support: false')
/** What heartbeat 3.0.6 says about a value that it takes nevertheless; the codes are those of the diagnostics. */
export function takenNevertheless(code: string, original: string | undefined): readonly LogLine[] {
  if (original === undefined) return []
  switch (code) {
    case 'initdead-small':
      return [
        warn(original),
        info('Initial dead time accounts for slow network startup time'),
        info('It should be >= deadtime and >= 10 seconds'),
      ]
    case 'log-twice':
      return [warn(original)]
    case 'legacy-failback':
      return [
        warn(original),
        warn("Please convert to 'auto_failback on'."),
        warn('See documentation for conversion details.'),
      ]
    default:
      return []
  }
}

// Status and links.
export const localStatus = (status: string) => info(`Local status now set to: '${status}'`)
export const commNowUp = () => info('Comm_now_up(): updating status to active')
export const statusUpdate = (node: string, status: string) =>
  info(`Status update for node ${node}: status ${status}`)
export const link = (node: string, name: string, status: string) => info(`Link ${node}:${name} ${status}.`)
export const nodeIsDead = (node: string) => warn(`node ${node}: is dead`)
export const heartbeatRestart = (node: string) => info(`Heartbeat restart on node ${node}`)
export const lateHeartbeat = (node: string, ms: number) =>
  warn(`Late heartbeat: Node ${node}: interval ${ms} ms`)
export const lateBeyondDeadtime = (node: string, ms: number) =>
  crit(`Late heartbeat: Node ${node}: interval ${ms} ms (> deadtime)`)
export const returningAfterPartition = (node: string): readonly LogLine[] => [
  crit(`Cluster node ${node} returning after partition.`),
  info('For information on cluster partitions, See URL: http://linux-ha.org/wiki/Split_Brain'),
  warn('Deadtime value may be too small.'),
  info('See FAQ for information on tuning deadtime.'),
  info('URL: http://linux-ha.org/wiki/FAQ#Heavy_Load'),
]

// Packets.
export const badNode = (node: string) => error(`process_status_message: bad node [${node}] in message`)
export const replayAttack = (node: string, generation: number, current: number) =>
  error(`should_drop_message: attempted replay attack [${node}]? [gen = ${generation}, curgen = ${current}]`)
export const lostPackets = (count: number, node: string, last: number, current: number) =>
  warn(`${count} lost packet(s) for [${node}] [${last}:${current}]`)
export const noPacketsMissing = (node: string) => info(`No pkts missing from ${node}!`)
export const lostALot = () => error('lost a lot of packets!')
export const irretrievablyLost = (node: string, seq: number) =>
  error(`Irretrievably lost packet: node ${node} seq ${seq}`)
export const historyFilling = (queued: number, level: 'WARN' | 'ERROR'): LogLine => ({
  level,
  text: `Message hist queue is filling up (${queued} messages in queue)`,
})
export const addingNode = (node: string) =>
  info(`hb_add_one_node: Adding new node[${node}] to configuration.`)
export const addingListedNode = (node: string) => info(`Adding new node [${node}] to configuration.`)
export const addingFailed = (node: string): readonly LogLine[] => [
  error(`hb_add_one_node: node(${node}) already exists`),
  error(`Add node ${node} failed`),
]
export const removingNode = (node: string) => info(`Removing node [${node}] from configuration.`)
export const deletionOfLivingNode = (node: string) => warn(`deletion failed: node ${node} is not dead`)
export const deletionWithoutNode = (node: string) =>
  error(`HBDoMsg_T_DELNODE: deletion failed. We don't have all required nodes alive (${node} is dead)`)
export const deletionOfUnknownNode = (node: string): readonly LogLine[] => [
  error(`hb_remove_one_node: node ${node} not found in config`),
  error(`Deleting node ${node} failed`),
]

// Resources.
export const noStonith = (): readonly LogLine[] => [
  warn('No STONITH device configured.'),
  warn('Shared disks are not protected.'),
]
export const stonithFailed = (node: string) => error(`STONITH of ${node} failed.  Retrying...`)
export const deadNodeGaveUp = (node: string) => info(`Dead node ${node} gave up resources.`)
export const beingAcquired = (node: string) => info(`Resources being acquired from ${node}.`)
export const machDownComplete = () => info('mach_down takeover complete.')
export const shutdownNotice = (node: string) => info(`Received shutdown notice from '${node}'.`)
export const takeoverCancelled = () => info('Resource takeover cancelled - shutdown in progress.')
export const localAcquired = () => info('Local Resource acquisition completed.')
export const localAcquiredNone = () => info('Local Resource acquisition completed. (none)')
export const localTransition = () => info('local resource transition completed.')
export const remoteTransition = () => info('remote resource transition completed.')
export const initialAcquisition = (by: string) => info(`Initial resource acquisition complete (${by})`)
export const bothOwn = (whose: 'our' | 'foreign') => error(`Both machines own ${whose} resources!`)

// Standby.
export const standbyLegacy = () => info('Standby mode only implemented when nice_failback on')
export const wantsStandby = (node: string, what: string) => info(`${node} wants to go standby [${what}]`)
export const canTake = (node: string, what: string) => info(`standby: ${node} can take our ${what} resources`)
export const giveUp = (what: string) => info(`give up ${what} HA resources (standby).`)
export const released = (what: string) => info(`${what} HA resource release completed (standby).`)
export const standbyGiven = (what: string) => info(`Local standby process completed [${what}].`)
export const acquireFrom = (what: string, node: string) =>
  info(`standby: acquire [${what}] resources from ${node}`)
export const acquire = (what: string) => info(`acquire ${what} HA resources (standby).`)
export const acquired = (what: string) => info(`${what} HA resource acquisition completed (standby).`)
export const standbyTaken = (what: string) => info(`Standby resource acquisition done [${what}].`)
export const otherCompleted = (what: string) =>
  info(`Other node completed standby takeover of ${what} resources.`)
export const standbyInProgress = (node: string, seconds: number) =>
  warn(`Standby in progress- new request from ${node} ignored [${seconds} seconds left]`)
export const standbyIgnored = (what: string, node: string, why: string) =>
  warn(`standby message [${what}] from ${node} ignored.  ${why}`)
export const standbyOutOfTurn = (what: string, node: string, state: number) =>
  error(`Ignored standby message '${what}' from ${node} in state ${state}`)
export const noStandbyReply = () => warn('No reply to standby request.  Standby request cancelled.')

// Stop.
export const restarting = () => info('Restarting heartbeat.')
export const restartExec = () => info('Performing heartbeat restart exec.')
export const shutdownDelayed = () => warn('Shutdown delayed until current resource activity finishes.')
export const shutdownInProgress = (pid: number) => info(`Heartbeat shutdown in progress. (${pid})`)
export const givingUpAll = () => info('Giving up all HA resources.')
export const allRelinquished = () => info('All HA resources relinquished.')
export const shutdownComplete = (node: string) => info(`${node} Heartbeat shutdown complete.`)

// Our own, where the original has no line.
export const takeoverRefused = (node: string) =>
  warn(
    `No ping node answers: ${node} may live, and this node be cut off. Nothing is taken over from it before a ping node answers.`,
  )
export const startFailed = (key: string, node: string) =>
  error(`Resource group ${key} of ${node} could not be started.`)
export const stopFailed = (key: string, node: string) =>
  crit(`Resource group ${key} of ${node} could not be stopped. It is not handed over.`)
export const groupLost = (key: string, node: string, why: string) =>
  error(`Resource group ${key} of ${node} has failed and was stopped: ${why}.`)
export const rebooting = (key: string) =>
  crit(`Resource group ${key} could not be stopped: rebooting this machine (resource_stop_failure reboot).`)
export const handingOver = (what: string) =>
  warn(`Handing ${what} resources over, because a group failed here.`)
export const standbyTimedOut = (node: string) =>
  error(`${node} did not finish its part of the standby in time. Standby cancelled.`)
export const yielding = (what: string, node: string) =>
  warn(`Both nodes own resources: releasing ${what}, ${node} keeps them.`)
export const orphan = () => warn('Nobody holds our local resources: acquiring them.')
export const filesDiffer = (us: string, { node, name, here, there }: Difference) =>
  warn(`${name} differs between the nodes: ${here} on ${us}, ${there} on ${node}.`)
export const filesAgree = (us: string, node: string) =>
  info(`haresources, nodes and times of ${us} and ${node} agree again.`)
export const announcing = (why: string) =>
  info(`Announcing our addresses to the neighbours once more: ${why}.`)
export const mayHaveTakenOver = (node: string) =>
  warn(`${node} may have taken over meanwhile: what it holds is released here.`)
export const generationRaised = (node: string, from: number, to: number) =>
  warn(
    `${node} is heard but does not answer: our generation ${from} must be older than one it knows (restored from a backup?). Going on with generation ${to}.`,
  )
export const pausedFor = (ms: number) =>
  warn(`This node did not run for ${ms} ms. Silence of that time is not held against others.`)

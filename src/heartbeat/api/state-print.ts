/**
 * The state of the cluster for people and programs: one plain record made from the core's own, and its prints. JSON is
 * the record itself; the text says the same in words, so that neither can know more than the other.
 */
import type { ClusterStatus, Decision, FailedGroup, LinkStatus, NodeReport } from '../core/contract.js'

export interface DecisionRecord {
  /** Wall clock, ISO 8601. */
  readonly at: string
  readonly node: string
  readonly what: string
  readonly because: string
}

export type NodeRecord = Omit<NodeReport, 'uuid' | 'silentMs'> & {
  readonly uuid: string | null
  readonly silentMs: number | null
}

export type FailedRecord = Omit<FailedGroup, 'atMs'> & {
  /** Wall clock, ISO 8601. */
  readonly at: string
}

export type StateRecord = Omit<ClusterStatus, 'nodes' | 'decisions' | 'resources'> & {
  readonly resources: Omit<ClusterStatus['resources'], 'failed'> & {
    readonly failed: readonly FailedRecord[]
  }
  readonly nodes: readonly NodeRecord[]
  readonly decisions: readonly DecisionRecord[]
}

/** From the core's clock to the wall's, both in milliseconds. */
export type ToWall = (atMs: number) => number

export function stateRecord(status: ClusterStatus, toWall: ToWall): StateRecord {
  return {
    ...status,
    resources: {
      ...status.resources,
      failed: status.resources.failed.map(({ atMs, ...failed }) => ({
        ...failed,
        at: isoTime(toWall(atMs)),
      })),
    },
    nodes: status.nodes.map(node => ({
      ...node,
      // Nobody sends to itself: over which links we would hear ourselves is no fact that could be told.
      links: node.name === status.us ? [] : node.links,
      uuid: node.uuid === undefined ? null : uuidText(node.uuid),
      silentMs: node.silentMs === undefined ? null : Math.round(node.silentMs),
    })),
    decisions: status.decisions.map(decision => decisionRecord(decision, toWall)),
  }
}

export function decisionRecord(decision: Decision, toWall: ToWall): DecisionRecord {
  const { atMs, node, what, because } = decision
  return { at: isoTime(toWall(atMs)), node, what, because }
}

const isoTime = (wallMs: number): string => new Date(wallMs).toISOString()

/** One line, without its end. */
export function decisionLine({ at, node, what, because }: DecisionRecord): string {
  return `${at}  ${oneLine(node)}: ${oneLine(what)} (${oneLine(because)})`
}

export function stateText(state: StateRecord): string {
  const { resources } = state
  const comm = state.communicationIsUp ? '' : ', waiting for the other nodes'
  const stop = state.shutdown === 'no' ? '' : `, stopping: ${state.shutdown}`
  const lines = [
    `${state.us}: ${state.status}${comm}${stop}, generation ${state.generation}`,
    '',
    ...table([['NODE', 'TYPE', 'STATUS', 'SILENT', 'DEADTIME', 'LINKS'], ...state.nodes.map(nodeRow)]),
    '',
    `resources: holds ${resources.held}, the other node ${resources.heldByPeer}; ${resources.state}, rscstatus ${resources.rscstatus}`,
    ...table(
      resources.groups.map(({ node, key, holders }) => groupRow(node, key, holders, resources.failed)),
    ),
  ]
  const { job, standby } = resources
  if (job) lines.push(`at work: ${job.what} ${job.key ?? job.resourceClass} (${job.why})`)
  if (standby) lines.push(`standby: ${standby.node} gives ${standby.resourceClass}, ${standby.phase}`)
  for (const { node, name, here, there } of state.differences)
    lines.push(`${name} differs: ${here} here, ${there} on ${node}`)
  if (state.decisions.length > 0) lines.push('', 'last decisions:')
  lines.push(...state.decisions.map(decision => `  ${decisionLine(decision)}`))
  return `${lines.join('\n')}\n`
}

function nodeRow(node: NodeRecord): string[] {
  const silent = node.silentMs === null ? 'never heard' : `${node.silentMs} ms`
  const missing = node.missing > 0 ? `, ${node.missing} packets missing` : ''
  const links = node.links.map(linkText).join(' ') || '-'
  return [node.name, node.type, node.status, silent, `${node.deadtimeMs} ms`, `${links}${missing}`]
}

const linkText = ({ name, status }: LinkStatus): string => `${name} ${status}`

function groupRow(
  node: string,
  key: string,
  holders: readonly string[],
  failed: readonly FailedRecord[],
): string[] {
  const here = failed.find(group => group.key === key && group.node === node)
  const where = holders.length === 0 ? 'nobody' : holders.join(' and ')
  return ['', key, `of ${node}`, `held by ${where}${here ? `, FAILED here (${here.what})` : ''}`]
}

/** Columns as wide as their widest cell, two blanks apart. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => oneLine(row[at] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, at) => oneLine(cell).padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Names and reasons hold what other machines said: no control character reaches a terminal. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
}

function uuidText(uuid: Uint8Array): string {
  const hex = [...uuid].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

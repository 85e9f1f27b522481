/**
 * The questions that a signed-on client may ask, one row each: from the request and the cluster as it is to the
 * answers. Field names, their order and the refusals are those of heartbeat 3.0.6 (recorded with a probe client).
 */
import type { FieldValue, Message } from '../wire/message.js'
import { type ClusterView, nodeNamed } from './cluster-view.js'

export type Pair = readonly [string, FieldValue]

/** One or several answers: all but the last carry `result=ok/more`. */
export type Answer = { readonly fields: readonly (readonly Pair[])[] } | { readonly refused: string | null }

export type Question = (request: Message, view: ClusterView) => Answer

const invalid: Answer = { refused: 'EINVAL' }
const one = (...fields: Pair[]): Answer => ({ fields: [fields] })
/** An empty list cannot be said in this protocol: the last answer always names an element. */
const list = (all: readonly (readonly Pair[])[]): Answer => (all.length > 0 ? { fields: all } : invalid)

const ofNode =
  (fields: (node: NonNullable<ReturnType<typeof nodeNamed>>) => Pair[]): Question =>
  (request, view) => {
    const node = nodeNamed(view, request.text('node'))
    return node ? one(...fields(node)) : invalid
  }

const SIGNAL_MAX = 31
const SIGKILL = 9
const SIGSTOP = 19

export const QUESTIONS: Readonly<Record<string, Question>> = {
  nodelist: (_request, view) =>
    list(
      view.nodes.map(node => [
        ['node', node.name],
        ['nodetype', node.type],
        ['st', node.status],
      ]),
    ),
  nodestatus: ofNode(node => [['st', node.status]]),
  nodeweight: ofNode(node => [['weight', String(node.weight)]]),
  nodesite: ofNode(node => [['site', node.site]]),
  nodetype: ofNode(node => [['nodetype', node.type]]),
  numnodes: (_request, view) =>
    one(['numnodes', String(view.nodes.filter(node => node.type === 'normal').length)]),
  iflist: (request, view) => {
    const node = nodeNamed(view, request.text('node'))
    if (!node) return invalid
    return list(
      node.links.map(link => [
        ['ifname', link.name],
        ['st', link.status],
      ]),
    )
  },
  ifstatus: (request, view) => {
    const links = nodeNamed(view, request.text('node'))?.links
    const link = links?.find(candidate => candidate.name === request.text('ifname'))
    return link ? one(['st', link.status]) : invalid
  },
  getparm: (request, view) => {
    const asked = request.text('pname')
    if (asked === undefined) return invalid
    const value = view.parameters.get(asked === 'crm' ? 'pacemaker' : asked)
    return value === undefined ? one() : one(['pvalue', value])
  },
  getrsc: (_request, view) =>
    view.resources === null
      ? { refused: 'Resource is managed by crm.Use crm tool to query resource' }
      : one(['rsc_hold', view.resources]),
  getuuid: (request, view) => {
    const uuid = nodeNamed(view, request.text('queryname'))?.uuid
    return uuid ? one(['queryuuid', uuid]) : one()
  },
  getnodename: (request, view) => {
    const uuid = request.bytes('queryuuid')
    if (!uuid) return { refused: 'no query node name found' }
    const found = view.nodes.find(node => node.uuid && Buffer.compare(node.uuid, uuid) === 0)
    return found ? one(['queryname', found.name]) : one()
  },
}

/** Bits of `setfilter`: which kinds of messages a client wants besides the ordinary ones. */
export const FILTER = { keep: 0x01, debug: 0x3e, known: 0x3f } as const

export function filterFrom(request: Message, uid: number): number | 'EINVAL' | 'EPERM' {
  const text = request.text('fmask') ?? ''
  const mask = /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : 0
  if ((mask & FILTER.known) === 0) return 'EINVAL'
  if ((mask & FILTER.debug) !== 0 && uid !== 0) return 'EPERM'
  return mask
}

export function signalFrom(request: Message): number | 'EINVAL' {
  const text = request.text('signal') ?? ''
  const signal = /^\d{1,3}$/.test(text) ? Number(text) : -1
  const isUsable = signal >= 0 && signal <= SIGNAL_MAX && signal !== SIGKILL && signal !== SIGSTOP
  return isUsable ? signal : 'EINVAL'
}

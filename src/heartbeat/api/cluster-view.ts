/** What clients may ask about: the cluster as this node sees it, as plain data. */

export interface LinkView {
  readonly name: string
  readonly status: 'up' | 'dead'
}

export interface NodeView {
  readonly name: string
  readonly type: 'normal' | 'ping'
  readonly status: string
  readonly weight: number
  readonly site: string
  readonly uuid: Uint8Array | null
  readonly links: readonly LinkView[]
}

export interface ClusterView {
  readonly us: string
  /** In the order of the configuration: nodes first, then ping nodes. */
  readonly nodes: readonly NodeView[]
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  /** As printed by `heartbeat -V`. */
  readonly version: string
  /** Number of the syslog facility; -1: none. */
  readonly logfacility: number
  /** Effective ha.cf values as texts. */
  readonly parameters: ReadonlyMap<string, string>
  /** null: resources are not managed by this daemon. */
  readonly resources: 'none' | 'local' | 'foreign' | 'all' | 'transition' | null
}

export function nodeNamed(view: ClusterView, name: string | undefined): NodeView | undefined {
  const wanted = name?.toLowerCase()
  return view.nodes.find(node => node.name.toLowerCase() === wanted)
}

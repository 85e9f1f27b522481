/** What ha-lint looks at: the configuration of one node as texts, and what is known of the machine. All handed in. */
import type { HostFacts } from '../heartbeat/config/host.js'

export interface TextFile {
  /** As it is called in diagnostics. */
  readonly path: string
  readonly text: string
}

export interface NodeFiles {
  /** null: not looked at. */
  readonly haCf: TextFile | null
  /** mode null: not known, so not judged. */
  readonly authkeys: (TextFile & { readonly mode: number | null }) | null
  readonly haresources: TextFile | null
  readonly ldirectord: readonly TextFile[]
  /** Names of the scripts in resource.d and init.d; null: not known, so a script is not missed. */
  readonly scripts: readonly string[] | null
  /** The node's name; null: not known. */
  readonly us: string | null
  /** What is known of the machine; empty where the files are another machine's. */
  readonly facts: HostFacts
  /** Addresses of the machine itself; null: not known. */
  readonly ownAddresses: readonly string[] | null
  /** Addresses of nodes of the cluster that the files of the other node name. */
  readonly clusterAddresses?: readonly string[]
}

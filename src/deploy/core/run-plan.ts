/** What a run is going to do, fixed at its start and written into its journal: `resume` reads it from there. */
import type { Share } from '../config/forms.js'
import type { Step } from './steps.js'

export interface RunPlan {
  readonly run: string
  readonly kind: 'release' | 'publish' | 'rollback'
  /** The release that the hosts get. */
  readonly release: string
  /** Host to the release that its link pointed to before the run; null: there was no link. */
  readonly previous: Readonly<Record<string, string | null>>
  /** In the order in which they are served. */
  readonly hosts: readonly string[]
  readonly batch: readonly Share[]
  /** How many hosts may fail before no further batch starts. */
  readonly maxFail: number
  readonly onBatchFail: 'stop' | 'rollback_all'
  /** `prepare`: upload and prepare only. */
  readonly until: 'end' | 'prepare'
  /** Steps that this run leaves out. */
  readonly skips: readonly Step[]
  /** sha-256 of what is uploaded; null: nothing is. */
  readonly digest: string | null
  /** A rollback marks what it leaves as bad, so that the next one goes further back. */
  readonly spoilsPrevious: boolean
}

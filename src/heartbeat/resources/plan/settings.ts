/** What ha.cf says about resources that run, as the runner needs it. Times in milliseconds; 0 is off. */

export interface AnnounceSettings {
  readonly count: number
  readonly everyMs: number
  readonly refreshMs: number
}

export interface RunnerSettings {
  readonly monitorMs: number
  readonly monitorTimeoutMs: number
  /** Restarts of one resource before its group is given up. */
  readonly restartsMax: number
  /** How often a group is tried to start. */
  readonly startTries: number
  readonly announce: AnnounceSettings
  readonly addressCheckMs: number
  /** When somebody else answers for an address: `auto` keeps it only if it was taken from a dead node. */
  readonly addressInUse: 'auto' | 'keep' | 'yield'
}

/** Nothing but jobs: no looks, no refresh, one try. */
export const ONLY_JOBS: RunnerSettings = {
  monitorMs: 0,
  monitorTimeoutMs: 20_000,
  restartsMax: 0,
  startTries: 1,
  announce: { count: 5, everyMs: 200, refreshMs: 0 },
  addressCheckMs: 0,
  addressInUse: 'keep',
}

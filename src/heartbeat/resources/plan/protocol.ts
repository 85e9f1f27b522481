/**
 * What the daemon and its resource runner say to each other, over the channel of a child process. Both ends come
 * from the same build, so the messages are trusted to be whole; what they carry is bounded where it is made.
 */
import type { Paths } from '../../../base/paths.js'
import type { Level } from '../../../log/record.js'
import type { GroupName, ResourceJob, StonithResult } from '../../core/cluster.js'
import type { ChildProgram } from './children.js'
import type { ResourceGroup } from './resource.js'
import type { RunnerSettings } from './settings.js'
import type { StonithDevice } from './stonith.js'

/** A line for ha-log that is not the daemon's own. */
export interface RunnerLine {
  /** Wall clock, milliseconds. */
  readonly atMs: number
  /** `heartbeat`, or a script as it names itself: `ResourceManager(default)`. */
  readonly program: string
  readonly pid: number
  /** A level of ours, or the word an agent uses (INFO, WARNING). */
  readonly level: Level | 'INFO' | 'WARNING'
  readonly text: string
}

export type ToRunner =
  | {
      readonly kind: 'begin'
      readonly us: string
      readonly paths: Paths
      readonly env: Readonly<Record<string, string>>
      readonly settings: RunnerSettings
      /** What a runner before this one had taken. */
      readonly held: readonly ResourceGroup[]
      /** How long the log has to reach the disk before a reboot. */
      readonly keepaliveMs: number
      /** Where to write when the daemon is gone. */
      readonly logfile: string | null
      /** The daemon runs in realtime: its runner shall not wait for the machine's other work either. */
      readonly isAhead?: boolean
    }
  /** With the groups of haresources as it is now. */
  | { readonly kind: 'job'; readonly job: ResourceJob; readonly groups: readonly ResourceGroup[] }
  /** Tell the neighbours once more which addresses are here; nothing comes back. */
  | { readonly kind: 'announce' }
  /** A script of rc.d, with its own part of the environment. */
  | { readonly kind: 'script'; readonly name: string; readonly env: Readonly<Record<string, string>> }
  /** The programs of respawn, to be kept running from now on. */
  | { readonly kind: 'children'; readonly programs: readonly ChildProgram[] }
  /** Answered by childrenEnded. */
  | { readonly kind: 'endChildren' }
  /** Ha.cf has changed: what scripts, agents and programs that start from now on find in their environment. */
  | { readonly kind: 'environment'; readonly env: Readonly<Record<string, string>> }
  /** Have one of these devices reset a node; answered by resetEnded. */
  | { readonly kind: 'reset'; readonly node: string; readonly devices: readonly StonithDevice[] }
  /** Ask the devices whether they work; the answer goes to the log. */
  | { readonly kind: 'checkDevices'; readonly devices: readonly StonithDevice[] }
  /** The daemon ends in good order: nothing is to be given up any more. */
  | { readonly kind: 'goodbye' }

export type FromRunner =
  | { readonly kind: 'ready' }
  /** In their order; they stand before whatever is sent after them. */
  | { readonly kind: 'lines'; readonly lines: readonly RunnerLine[] }
  | { readonly kind: 'jobEnded'; readonly job: number; readonly failed: readonly GroupName[] }
  /** A group that ran has failed and was given up: its monitor, or somebody else has its address. */
  | { readonly kind: 'groupLost'; readonly group: GroupName; readonly why: string }
  /** Process groups of respawn that run now. */
  | { readonly kind: 'children'; readonly pids: readonly number[] }
  | { readonly kind: 'childrenEnded' }
  | { readonly kind: 'resetEnded'; readonly node: string; readonly result: StonithResult }
  | { readonly kind: 'held'; readonly groups: readonly ResourceGroup[] }

export type Begin = Extract<ToRunner, { kind: 'begin' }>

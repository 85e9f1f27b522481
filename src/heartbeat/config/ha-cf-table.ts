/** Every directive of ha.cf, and the type that follows from the table. docs/ha.cf.md is printed from here. */
import type { DirectiveTable, ValuesOf } from '../../syntax/directive.js'
import type { ApiAuth, EnvSetting, Respawn, Stonith, StonithHost } from './clients.js'
import { clientDirectives } from './directives/clients.js'
import { linkDirectives, linkSettings } from './directives/links.js'
import { loggingDirectives } from './directives/logging.js'
import { niceFailbackDirective } from './directives/nice-failback.js'
import { processDirectives } from './directives/process.js'
import { resourceDirectives } from './directives/resources.js'
import { type AutoFailback, timingDirectives } from './directives/timing.js'
import type { Place } from './lines.js'
import type { Medium } from './media.js'

/** Directives that hold one value each. */
export const haCfSettings = {
  ...timingDirectives,
  ...linkSettings,
  ...loggingDirectives,
  ...processDirectives,
  ...resourceDirectives,
}

export const haCfDirectives = {
  ...linkDirectives,
  ...haCfSettings,
  ...niceFailbackDirective,
  ...clientDirectives,
} satisfies DirectiveTable

export type DirectiveName = keyof typeof haCfDirectives

type Settings = ValuesOf<typeof haCfSettings>

/** An entry of a directive that adds up, with the place where it stands. */
export type Placed<T> = T & { readonly place: Place }

/**
 * What ha.cf says, keyed by directive as spelled there; times in milliseconds, derived values filled in. Only to be
 * acted upon when the file has no error.
 */
export interface HaCf
  extends Omit<
    Settings,
    'warntime' | 'initdead' | 'deadping' | 'auto_failback' | 'use_logd' | 'crm' | 'pacemaker'
  > {
  /** Lower-cased, in the order of the file, each once. */
  readonly node: readonly string[]
  readonly warntime: number
  readonly initdead: number
  readonly deadping: number
  readonly auto_failback: AutoFailback
  readonly use_logd: boolean
  /** All of ucast, bcast, mcast, ucast6, mcast6, serial, ping, ping6, ping_group, in the order of the file. */
  readonly media: readonly Medium[]
  readonly respawn: readonly Placed<Respawn>[]
  readonly failfast: readonly Placed<Respawn>[]
  readonly apiauth: readonly Placed<ApiAuth>[]
  readonly env: readonly Placed<EnvSetting>[]
  readonly stonith: readonly Placed<Stonith>[]
  readonly stonith_host: readonly Placed<StonithHost>[]
  /** Where each directive was last given. */
  readonly places: ReadonlyMap<string, Place>
  /** Raw text per directive, defaults included: the HA_<directive> environment of children and the answers of getparm. */
  readonly recorded: ReadonlyMap<string, string>
}

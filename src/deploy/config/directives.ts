/**
 * deploy.cf as tables: one table a section, one row a key. Parser, messages, reference page and types come from these
 * rows. Rows with `repeat: 'accumulates'` are written `key[] = value`, once for each value.
 */
import type { ValuesOf } from '../../syntax/directive.js'
import { deploySection } from './directives/deploy.js'
import { drainSection } from './directives/drain.js'
import { healthSection } from './directives/health.js'
import { hooksSection, notifySection } from './directives/hooks.js'
import { directorSection, sshSection } from './directives/reach.js'
import type { SshPlace } from './forms.js'

export const SECTIONS = {
  deploy: deploySection,
  ssh: sshSection,
  director: directorSection,
  drain: drainSection,
  health: healthSection,
  hooks: hooksSection,
  notify: notifySection,
}

/** Values of one section: rows that accumulate hold a list. */
type Values<Table> = {
  readonly [Name in keyof ValuesOf<Table>]: ValuesOf<Table>[Name]
}

interface Lists {
  readonly shared_dirs: readonly string[]
  readonly shared_files: readonly string[]
}

export interface HostConfig {
  readonly name: string
  readonly address: SshPlace
  readonly user: string | null
  readonly deploy_to: string
  readonly real: readonly string[]
}

/** What a valid deploy.cf says, after defaults. Keys are spelled as in the file. */
export interface DeployConfig {
  /** As it was named. */
  readonly file: string
  readonly deploy: Omit<Values<typeof deploySection>, 'application' | 'deploy_to' | keyof Lists> &
    Lists & { readonly application: string; readonly deploy_to: string }
  readonly ssh: Values<typeof sshSection>
  readonly director: Omit<Values<typeof directorSection>, 'hosts' | 'virtuals'> & {
    readonly hosts: readonly SshPlace[]
    readonly virtuals: readonly string[]
  }
  readonly drain: Values<typeof drainSection>
  readonly health: Values<typeof healthSection>
  readonly hooks: Values<typeof hooksSection>
  readonly notify: { readonly mail: readonly string[]; readonly sendmail: string }
  readonly hosts: readonly HostConfig[]
}

export type HookName = keyof typeof hooksSection

/**
 * What a running daemon does about edited files. A file that cannot be used changes nothing and is reported once per
 * edit. authkeys acts at once, as do the times, auto_failback and the log of ha.cf; haresources at the next job. For
 * all else in ha.cf, or when it was only touched, the daemon begins a new life that keeps its resources, as the
 * original does for every edit of that file.
 */
import type { Level } from '../../log/record.js'
import { render } from '../../syntax/diagnostic.js'
import { haCfChanges } from '../config/ha-cf-changes.js'
import type { HaCf } from '../config/ha-cf-table.js'
import type { ResourceGroup } from '../resources/plan/resource.js'
import type { KeyRing } from '../wire/signature.js'
import { type Configuration, isRefused, loadConfiguration, readKeys } from './configuration.js'
import type { GroupsReading } from './haresources-file.js'

export interface ReloadParts {
  readonly haDir: string
  readonly managesResources: boolean
  readonly say: (level: Level, text: string) => void
  /** ha.cf as it is in force now; `logs` when the lines go elsewhere or are others. */
  readonly onHaCf: (haCf: HaCf, changed: { readonly times: boolean; readonly logs: boolean }) => void
  readonly onKeys: (keys: KeyRing) => void
  readonly onGroups: (groups: readonly ResourceGroup[]) => void
  /** Asks for a new life with the files as they are. */
  readonly onRestart: () => void
  /** `isAsked`: the administrator says that the file is ready. */
  readonly readGroups: (isAsked: boolean) => GroupsReading
}

export class Reload {
  readonly #parts: ReloadParts
  readonly #us: string
  #haCfInForce: HaCf
  #haCfText: string
  #haCfChangedMs: number
  #authkeysText: string
  /** What was said last about each broken file; the same is not said again. */
  readonly #complaints = new Map<string, string>()
  #groups: readonly ResourceGroup[]

  constructor(inForce: Configuration, parts: ReloadParts) {
    this.#parts = parts
    this.#us = inForce.us
    this.#haCfInForce = inForce.haCf
    this.#haCfText = inForce.texts.haCf
    this.#haCfChangedMs = inForce.haCfChangedMs
    this.#authkeysText = inForce.texts.authkeys
    this.#groups = inForce.groups
  }

  /** SIGHUP: looks at all three files. */
  async all(): Promise<void> {
    const { say } = this.#parts
    const changes = [this.#keys(), this.haresources(true), await this.#haCf()]
    if (changes.every(change => !change)) say('info', 'Configuration unchanged.')
  }

  get haCf(): HaCf {
    return this.#haCfInForce
  }

  /** Of haresources as it is, or was when it could last be used. */
  get groups(): readonly ResourceGroup[] {
    return this.#groups
  }

  /** Also before a job. True when there was something to say or do. */
  haresources(isAsked = false): boolean {
    const { groups, complaint } = this.#parts.readGroups(isAsked)
    if (complaint !== null) {
      this.#parts.say('ERROR', complaint)
      return true
    }
    if (groups === this.#groups || JSON.stringify(groups) === JSON.stringify(this.#groups)) return false
    this.#groups = groups
    this.#parts.say('info', `haresources has changed: ${groups.length} groups`)
    this.#parts.onGroups(groups)
    return true
  }

  #keys(): boolean {
    const path = `${this.#parts.haDir}/authkeys`
    const read = readKeys(path)
    const { say } = this.#parts
    if (read.ring === null) {
      const first = read.diagnostics.find(({ severity }) => severity === 'error')
      const reason = first ? render(first).split('\n', 1)[0] : `${path} holds no key to sign with`
      this.#complain('authkeys', `${reason}; the keys of before stay in force`)
      return true
    }
    this.#complaints.delete('authkeys')
    if (read.text === this.#authkeysText) return false
    this.#authkeysText = read.text
    say('info', 'Rereading authentication file.')
    this.#parts.onKeys(read.ring)
    return true
  }

  async #haCf(): Promise<boolean> {
    const { haDir, managesResources, say } = this.#parts
    const loaded = await loadConfiguration({ haDir, us: this.#us, managesResources })
    if (isRefused(loaded)) {
      // Faults of the other two files have been told already.
      const own = loaded.reports.filter(report => report.startsWith(`${haDir}/ha.cf`))
      const [first] = own
      const more = own.length > 1 ? ` (and ${own.length - 1} more faults)` : ''
      if (first) this.#complain('ha.cf', `${first.split('\n', 1)[0]}${more}; ha.cf of before stays in force`)
      return first !== undefined
    }
    this.#complaints.delete('ha.cf')
    const isTouched = loaded.haCfChangedMs !== this.#haCfChangedMs
    this.#haCfChangedMs = loaded.haCfChangedMs
    if (loaded.texts.haCf === this.#haCfText) {
      if (isTouched) this.#parts.onRestart()
      return isTouched
    }
    this.#haCfText = loaded.texts.haCf
    const { times, logging, afterRestart, inForce } = haCfChanges(this.#haCfInForce, loaded.haCf)
    this.#haCfInForce = inForce
    if (times.length + logging.length + afterRestart.length === 0) return false
    this.#parts.onHaCf(inForce, { times: times.length > 0, logs: logging.length > 0 })
    for (const name of [...times, ...logging]) say('info', `ha.cf has changed: ${name} acts from now on`)
    if (afterRestart.length > 0) {
      say('info', `ha.cf has changed: ${afterRestart.join(', ')} acts after a restart, which comes now`)
      this.#parts.onRestart()
    }
    return true
  }

  #complain(file: string, text: string): void {
    if (this.#complaints.get(file) !== text) this.#parts.say('ERROR', text)
    this.#complaints.set(file, text)
  }
}

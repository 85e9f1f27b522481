/**
 * The table while it is ours: brought to what the director in use wants, told in log lines and mails as it changes, and
 * cleaned when it is left.
 */
import type { Log } from '../../log/record.js'
import { withoutTelling } from '../core/client-telling.js'
import type { IsUp } from '../core/desired.js'
import { editLine, type Phase } from '../core/edit-lines.js'
import type { DaemonStatus } from '../core/mail.js'
import { stopEdits } from '../core/stop-edits.js'
import type { Edit, Table } from '../core/table.js'
import { ownedIds } from '../core/takeover.js'
import type { Forwarder } from '../forwarders/forwarder.js'
import type { Alerts } from './alerts.js'
import { type Generation, tableOf } from './generation.js'
import { TableKeeper } from './table-keeper.js'
import { TableUpkeep } from './table-upkeep.js'

export interface OwnTableOptions {
  readonly forwarder: Forwarder
  /** The file in use; null before the first one is. */
  readonly inUse: () => Generation | null
  readonly alerts: Alerts
  readonly log: Log
}

export class OwnTable {
  readonly #options: OwnTableOptions
  readonly #keeper: TableKeeper
  readonly #upkeep: TableUpkeep
  #hasLoaded = false

  constructor(options: OwnTableOptions) {
    this.#options = options
    const { forwarder, log } = options
    this.#keeper = new TableKeeper({
      forwarder,
      onEdit: (edit, phase) => this.#told(edit, phase),
      onFailure: sentence => log('ERROR', sentence),
      onVanished: sentence => log('WARN', sentence),
      onForeign: sentence => log('info', sentence),
    })
    this.#upkeep = new TableUpkeep(this.#keeper, forwarder.name)
  }

  get believed(): Table {
    return this.#keeper.believed
  }

  read(otherwise: Table): Promise<Table> {
    return this.#keeper.read().catch((error: Error): Table => {
      this.#options.log('ERROR', `the table cannot be read: ${error.message}`)
      return otherwise
    })
  }

  /** Writes the whole of it. */
  async load(generation: Generation, old: Generation | null): Promise<void> {
    await this.#keeper.load(this.#desired(generation), ownedIds(generation.config, old))
    this.#upkeep.verified()
    this.#hasLoaded = true
  }

  want(generation: Generation): void {
    this.#keeper.want(() => this.#desired(generation), generation.config.readdquiescent)
  }

  /** To be called now and then, not while a file is being loaded. */
  tick(generation: Generation): Promise<void> {
    return this.#upkeep.tick(() => this.#desired(generation), generation.config.readdquiescent)
  }

  /** Cleans it as cleanstop says. */
  async leave({ config, director }: Generation): Promise<void> {
    const serves: IsUp = (virtual, real) => director.serves(virtual, real)
    await this.#keeper.finish(stopEdits(config, this.#keeper.believed, serves))
  }

  /** Somebody else has it from now on. */
  forget(): void {
    this.#keeper.forget()
    this.#hasLoaded = false
  }

  /** No edit is under way any more. */
  settled(): Promise<void> {
    return this.#keeper.settled()
  }

  abort(): void {
    this.#keeper.abort()
  }

  aborted(): Promise<void> {
    return this.#keeper.aborted()
  }

  #desired(generation: Generation): Table {
    const table = tableOf(generation)
    return this.#options.forwarder.tellsClients ? table : withoutTelling(table)
  }

  #told(edit: Edit, phase: Phase): void {
    const generation = this.#options.inUse()
    if (generation === null) return
    const { config, director, indexes } = generation
    const line = editLine(edit, config, indexes, phase, (virtual, real) => director.serves(virtual, real))
    this.#options.log('info', line.text)
    this.#options.alerts.edited(generation, edit, line, this.#statusIn(phase))
  }

  #statusIn(phase: Phase): DaemonStatus {
    if (phase !== 'loading') return phase
    return this.#hasLoaded ? 'reloading' : 'starting'
  }
}

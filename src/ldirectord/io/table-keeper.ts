/**
 * Brings the forwarder's table to what is desired, one change at a time: decisions that arrive while edits are under
 * way are answered together afterwards by the newest of them. Loading a file compares with the table as it really is;
 * a decision while running writes only what it changed (core/believed.ts).
 */
import { nowMs } from '../../base/io/real-clock.js'
import { correctedBelief, vanishedFrom, withoutReaddition } from '../core/believed.js'
import type { Phase } from '../core/edit-lines.js'
import { applyEdits } from '../core/edit-table.js'
import { reconcile } from '../core/reconcile.js'
import { type Edit, EMPTY_TABLE, serviceId, type Table } from '../core/table.js'
import type { EditResult, Forwarder } from '../forwarders/forwarder.js'

const TOLD_MAX = 1_000
/** How long a look at the table counts as the present when a load follows it. */
const LOOK_KEPT_MS = 500
const NAMES_MAX = 10

export interface TableKeeperOptions {
  readonly forwarder: Forwarder
  readonly onEdit: (edit: Edit, phase: Phase) => void
  /** One sentence; the same one is told once until the table is as desired again. */
  readonly onFailure: (sentence: string) => void
  /** One sentence: what somebody else removed and is put back. */
  readonly onVanished?: (sentence: string) => void
  /** One sentence when a file is loaded: which services of the table are somebody else's and stay as they are. */
  readonly onForeign?: (sentence: string) => void
}

export class TableKeeper {
  readonly #options: TableKeeperOptions
  /** Ends what is under way when the daemon is told to stop and it takes too long. */
  readonly #stopping = new AbortController()
  #believed: Table = EMPTY_TABLE
  #owned: ReadonlySet<string> = new Set()
  #wanted: { readonly desired: () => Table; readonly readdquiescent: boolean } | null = null
  #queue: Promise<void> = Promise.resolve()
  /** How often editing was begun or ended, and how it stood when the table was last looked at. */
  #edits = 0
  #look: { readonly table: Table; readonly atMs: number; readonly edits: number } | null = null
  /** Sentences told since the table was last as desired. */
  #told = new Set<string>()
  #toldForeign = ''
  /** Whether the last edits left something undone; the next decision, or retry(), tries it again. */
  hasFailed = false

  constructor(options: TableKeeperOptions) {
    this.#options = options
  }

  async read(): Promise<Table> {
    const edits = this.#edits
    const table = await this.#options.forwarder.read(this.#stopping.signal)
    this.#look = { table, atMs: nowMs(), edits }
    return table
  }

  /**
   * Full reconciliation with the table as it is: start, reload and takeover. Where it was looked at a moment ago, and
   * not edited since, that is not done again: of a big table it takes longer than all the rest of a reload.
   */
  load(desired: Table, owned: ReadonlySet<string>): Promise<void> {
    this.#wanted = null
    return this.#enqueue(async () => {
      this.#owned = owned
      const look = this.#look
      const isPresent = look !== null && look.edits === this.#edits && nowMs() - look.atMs < LOOK_KEPT_MS
      const current = isPresent ? look.table : await this.read()
      this.#tellForeign(foreignIn(current, desired, owned))
      await this.#apply(current, reconcile(desired, current, owned), 'loading')
    })
  }

  /**
   * A decision while running. Returns at once; see settled(). The table is asked for when its turn has come: a thousand
   * servers that change their mind meanwhile do not make a thousand tables.
   */
  want(desired: () => Table, readdquiescent: boolean): void {
    const isQueued = this.#wanted !== null
    this.#wanted = { desired, readdquiescent }
    if (!isQueued) void this.#enqueue(() => this.#pursue())
  }

  /**
   * Looks whether what should be there has vanished (flushed by hand; a forwarding process that was started anew
   * knows nothing of it), and builds it again.
   */
  verify(desired: Table, readdquiescent: boolean): Promise<void> {
    return this.#enqueue(async () => {
      const { left, names } = vanishedFrom(this.#believed, await this.read())
      if (names.length === 0) return
      this.#options.onVanished?.(vanishedSentence(names))
      this.#believed = left
      this.#wanted ??= { desired: () => desired, readdquiescent }
      await this.#pursue()
    })
  }

  /** Edits at stop, in the order given. */
  finish(edits: readonly Edit[]): Promise<void> {
    this.#wanted = null
    return this.#enqueue(async () => {
      await this.#apply(this.#believed, edits, 'stopping')
    })
  }

  /** The table is not ours any more; whose it was is of no interest at the next load. */
  forget(): void {
    this.#wanted = null
    this.#believed = EMPTY_TABLE
    this.hasFailed = false
  }

  get believed(): Table {
    return this.#believed
  }

  /** Resolves when everything asked so far is done. */
  settled(): Promise<void> {
    return this.#queue
  }

  abort(): void {
    this.#stopping.abort()
  }

  aborted(): Promise<void> {
    const { signal } = this.#stopping
    return new Promise(resolve => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch((error: Error) => {
      this.hasFailed = true
      this.#tell(error.message)
    })
    return this.#queue
  }

  async #pursue(): Promise<void> {
    if (this.#wanted === null) return
    const { readdquiescent } = this.#wanted
    const desired = this.#wanted.desired()
    this.#wanted = null
    const target = (belief: Table): Table => (readdquiescent ? desired : withoutReaddition(desired, belief))
    const before = this.#believed
    const edits = reconcile(target(before), before, this.#owned)
    if (edits.length === 0) return
    const failed = await this.#apply(before, edits, 'running', 'quiet')
    if (failed.length === 0) return
    // Somebody else changed the table meanwhile: look, and do what is then still to be done.
    const corrected = correctedBelief(
      desired,
      before,
      await this.read(),
      failed.map(result => result.edit),
    )
    await this.#apply(corrected, reconcile(target(corrected), corrected, this.#owned), 'running')
  }

  async #apply(
    before: Table,
    edits: readonly Edit[],
    phase: Phase,
    failures: 'told' | 'quiet' = 'told',
  ): Promise<readonly EditResult[]> {
    const results = edits.length === 0 ? [] : await this.#edit(edits)
    const succeeded = results.filter(result => result.error === null).map(result => result.edit)
    const failed = results.filter(result => result.error !== null)
    this.#believed = applyEdits(before, succeeded)
    for (const edit of succeeded) this.#options.onEdit(edit, phase)
    if (failures === 'told') for (const result of rootCauses(failed)) this.#tell(result.error!)
    this.hasFailed = failed.length > 0
    if (!this.hasFailed) this.#told.clear()
    return failed
  }

  #tellForeign(names: readonly string[]): void {
    const sentence = names.length === 0 ? '' : foreignSentence(names)
    if (sentence === this.#toldForeign) return
    this.#toldForeign = sentence
    if (sentence !== '') this.#options.onForeign?.(sentence)
  }

  async #edit(edits: readonly Edit[]): Promise<readonly EditResult[]> {
    this.#edits++
    try {
      return await this.#options.forwarder.apply(edits, this.#stopping.signal)
    } finally {
      this.#edits++
    }
  }

  #tell(sentence: string): void {
    if (this.#told.has(sentence) || this.#told.size >= TOLD_MAX) return
    this.#told.add(sentence)
    this.#options.onFailure(sentence)
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX
  return `${names.slice(0, NAMES_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const vanishedSentence = (names: readonly string[]): string =>
  `the table was changed by someone else; putting back ${listed(names)}`

const foreignSentence = (names: readonly string[]): string =>
  `the table has virtual services that are not of this file; they stay as they are: ${listed(names)}`

function foreignIn(current: Table, desired: Table, owned: ReadonlySet<string>): string[] {
  const ours = new Set(desired.services.map(({ key }) => serviceId(key)))
  return current.services.map(({ key }) => serviceId(key)).filter(id => !ours.has(id) && !owned.has(id))
}

/** Where a service could not be added, that its servers could not be added either is no news. */
function rootCauses(failed: readonly EditResult[]): EditResult[] {
  const missing = new Set(
    failed.flatMap(({ edit }) => (edit.kind === 'addService' ? [serviceId(edit.service.key)] : [])),
  )
  return failed.filter(({ edit }) => edit.kind === 'addService' || !missing.has(subjectOf(edit)))
}

function subjectOf(edit: Edit): string {
  return serviceId('service' in edit ? edit.service.key : edit.key)
}

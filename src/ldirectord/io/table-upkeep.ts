/**
 * Looks after the table where no check triggers it: edits that failed are tried again, and a forwarder that is a process
 * like us is asked whether it still has its table. The kernel does not lose its own.
 */
import { nowMs } from '../../base/io/real-clock.js'
import type { Table } from '../core/table.js'
import type { TableKeeper } from './table-keeper.js'

const RETRY_MS = 5_000
const VERIFY_MS = 1_000

export class TableUpkeep {
  readonly #keeper: TableKeeper
  readonly #canLoseTable: boolean
  #triedAtMs = 0
  #verifiedAtMs = 0

  constructor(keeper: TableKeeper, forwarderName: string) {
    this.#keeper = keeper
    this.#canLoseTable = forwarderName === 'proxy'
  }

  /** To be called now and then, not while a file is being loaded. */
  async tick(desired: () => Table, readdquiescent: boolean): Promise<void> {
    if (this.#keeper.hasFailed && nowMs() - this.#triedAtMs > RETRY_MS) {
      this.#triedAtMs = nowMs()
      this.#keeper.want(desired, readdquiescent)
    }
    if (!this.#canLoseTable || nowMs() - this.#verifiedAtMs < VERIFY_MS) return
    this.#verifiedAtMs = nowMs()
    await this.#keeper.verify(desired(), readdquiescent)
  }
}

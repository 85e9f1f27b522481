/**
 * Looks after the table where no check triggers it: edits that failed are tried again, and what vanished from it is put
 * back. A forwarder that is a process like us may lose its table by itself and is asked often; the kernel only loses
 * what somebody removes, and asking it costs a process.
 */
import { nowMs } from '../../base/io/real-clock.js'
import type { Table } from '../core/table.js'
import type { TableKeeper } from './table-keeper.js'

const RETRY_MS = 5_000
const VERIFY_PROCESS_MS = 1_000
const VERIFY_KERNEL_MS = 10_000
/** A table of thousands takes seconds to be shown: that is at most a thirtieth of the time. */
const READ_SHARE = 30

export class TableUpkeep {
  readonly #keeper: TableKeeper
  readonly #verifyMs: number
  #triedAtMs = 0
  #verifiedAtMs = nowMs()
  #tookMs = 0

  constructor(keeper: TableKeeper, forwarderName: string) {
    this.#keeper = keeper
    this.#verifyMs = forwarderName === 'proxy' ? VERIFY_PROCESS_MS : VERIFY_KERNEL_MS
  }

  /** The whole table was just compared: that need not be done again soon. */
  verified(): void {
    this.#verifiedAtMs = nowMs()
  }

  /** To be called now and then, not while a file is being loaded. */
  async tick(desired: () => Table, readdquiescent: boolean): Promise<void> {
    if (this.#keeper.hasFailed && nowMs() - this.#triedAtMs > RETRY_MS) {
      this.#triedAtMs = nowMs()
      this.#keeper.want(desired, readdquiescent)
    }
    if (nowMs() - this.#verifiedAtMs < Math.max(this.#verifyMs, READ_SHARE * this.#tookMs)) return
    const startedMs = nowMs()
    await this.#keeper.verify(desired(), readdquiescent)
    this.#verifiedAtMs = nowMs()
    this.#tookMs = this.#verifiedAtMs - startedMs
  }
}

/**
 * monitorfile=: one line for each check of a real server. The lines go through one stream a file, which is given up
 * (and tried again later) when it cannot be written: a full disk must not end or delay a check.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { ctime } from '../../log/formats.js'
import type { Outcome } from '../checks/check.js'
import type { LdirectordConfig } from '../config/model.js'
import type { Target } from '../core/director-contract.js'
import { monitorId, monitorMessage } from '../core/monitor-line.js'

const WAITING_BYTES_MAX = 1024 * 1024

export class MonitorFiles {
  readonly #streams = new Map<string, WriteStream>()

  write(config: LdirectordConfig, target: Target, outcome: Outcome | 'maintenance'): void {
    const virtual = config.virtuals[target.virtual]!
    const file = virtual.monitorfile
    // With checktype=on nobody is asked, so there is nothing to tell.
    if (file === null || (virtual.checktype === 'on' && outcome !== 'maintenance')) return
    const state = outcome !== 'maintenance' && outcome.passed ? 'up' : 'down'
    const real = virtual.reals[target.real]!
    const id = monitorId(virtual, real)
    const message = monitorMessage(virtual, real, outcome)
    const stream = this.#open(file)
    if (stream.writableLength > WAITING_BYTES_MAX) return
    stream.write(`[${ctime(Date.now())}] [${process.pid}] ${id} [${state}] ${message}\n`)
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.end()
    this.#streams.clear()
  }

  #open(file: string): WriteStream {
    const known = this.#streams.get(file)
    if (known !== undefined) return known
    const stream = createWriteStream(file, { flags: 'a', mode: 0o640 })
    stream.on('error', () => this.#streams.delete(file))
    this.#streams.set(file, stream)
    return stream
  }
}

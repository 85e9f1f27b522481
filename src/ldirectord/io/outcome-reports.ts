/** What an outcome of a check makes us say, whatever the director makes of it: monitor files, warnings, lines of -d. */
import type { Log } from '../../log/record.js'
import type { Outcome } from '../checks/check.js'
import type { LdirectordConfig } from '../config/model.js'
import { CertificateWarnings } from '../core/certificate-end.js'
import { debugLines } from '../core/debug-lines.js'
import { lateExternal } from '../core/late-external.js'
import type { PlannedCheck } from '../core/probe.js'
import { MonitorFiles } from './monitor-files.js'

export class OutcomeReports {
  readonly #log: Log
  readonly #isDebugging: boolean
  readonly #monitors = new MonitorFiles()
  readonly #certificates = new CertificateWarnings()

  constructor(log: Log, isDebugging: boolean) {
    this.#log = log
    this.#isDebugging = isDebugging
  }

  report(
    config: LdirectordConfig,
    { targets, probe }: PlannedCheck,
    outcome: Outcome | 'maintenance',
    durationMs: number,
  ): void {
    if (outcome !== 'maintenance')
      for (const warning of this.#certificates.after(config, targets, outcome, Date.now()))
        this.#log('WARN', warning)
    const late = lateExternal(config.virtuals[targets[0]!.virtual]!, probe, outcome)
    if (late !== null) this.#log('info', late)
    for (const target of targets) {
      this.#monitors.write(config, target, outcome)
      if (!this.#isDebugging) continue
      const virtual = config.virtuals[target.virtual]!
      for (const line of debugLines(virtual, virtual.reals[target.real]!, outcome, durationMs))
        this.#log('debug', line)
    }
  }

  close(): void {
    this.#monitors.close()
  }
}

/** What became of each host, for the end of a run. */
import type { HostState } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import { columns } from './columns.js'
import { hostTimes, type StepSpan } from './step-spans.js'

export function endTable(plan: RunPlan, hosts: readonly HostState[], spans: readonly StepSpan[]) {
  const records = hosts.map(({ name, at, why }) => {
    const before = plan.previous[name]?.replace(/^releases\//, '') ?? null
    const result = at === 'waiting' ? 'published' : at
    const now = at === 'done' ? plan.release : before
    return { host: name, old: before, new: now, ...hostTimes(spans, name), result, why }
  })
  const rows = records.map(record => [
    record.host,
    record.old ?? '-',
    record.new ?? '-',
    secondsText(record.drainedSeconds),
    secondsText(record.downSeconds),
    record.result,
    record.why,
  ])
  return { records, lines: columns([['host', 'old', 'now', 'drained s', 'down s', 'result', ''], ...rows]) }
}

const secondsText = (seconds: number | null): string => (seconds === null ? '-' : seconds.toFixed(1))

/** What became of each host, for the end of a run. */
import type { HostState } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import { columns } from './columns.js'

export function endTable(plan: RunPlan, hosts: readonly HostState[]) {
  const records = hosts.map(({ name, at, why }) => {
    const before = plan.previous[name]?.replace(/^releases\//, '') ?? null
    const result = at === 'waiting' ? 'published' : at
    const now = at === 'done' ? plan.release : before
    return { host: name, old: before, new: now, result, why }
  })
  const rows = records.map(({ host, old, new: now, result, why }) => [
    host,
    old ?? '-',
    now ?? '-',
    result,
    why,
  ])
  return { records, lines: columns([['host', 'old', 'now', 'result', ''], ...rows]) }
}

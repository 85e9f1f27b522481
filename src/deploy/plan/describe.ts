/** What a run would do, for `plan` and `-n`. */
import type { DeployConfig } from '../config/directives.js'
import type { RunPlan } from '../core/run-plan.js'
import { batchSize } from './batches.js'

/** @param method how weight 0 will be held */
export function describePlan(plan: RunPlan, config: DeployConfig, method: string): string[] {
  const { hooks, drain, health, deploy } = config
  const lines = [`${plan.kind} ${plan.release} to ${plan.hosts.length} hosts, ${deploy.deploy_to}`]
  if (!plan.skips.includes('upload'))
    lines.push(
      `each host: upload, unpack, links to shared${hooks.on_prepare ? `, on_prepare: ${hooks.on_prepare}` : ''}`,
    )
  if (plan.until === 'prepare') return lines
  let left = plan.hosts.length
  for (let batch = 0; left > 0; batch++) {
    const size = batchSize(plan.batch, batch, left)
    const names = plan.hosts.slice(plan.hosts.length - left, plan.hosts.length - left + size)
    lines.push(`batch ${batch + 1}: ${names.join(' ')}`)
    for (const name of names) lines.push(...describeHost(plan, config, name, method))
    if (batch === 0 && left > size && deploy.canary_wait > 0) lines.push(`pause of ${deploy.canary_wait} s`)
    left -= size
  }
  lines.push(
    `drains: at least ${drain.wait_short} s, ${drain.wait_persistent} s where a virtual is persistent, at most ${drain.max} s`,
  )
  lines.push(`gate: ${health.check}, then the check of ldirectord; watched for ${health.watch} s`)
  return lines
}

function describeHost(plan: RunPlan, config: DeployConfig, name: string, method: string): string[] {
  const means = method === 'weight' ? 'ldirectord drain' : 'a file in maintenancedir'
  const host = config.hosts.find(candidate => candidate.name === name)
  const step = (text: string): string => `  ${name}: ${text}`
  const switched = `ln -s releases/${plan.release} .current.${plan.run} && mv -T .current.${plan.run} current`
  return [
    ...(plan.skips.includes('drain') ? [] : [step(`weight 0 for ${host?.real.join(' ') ?? ''} by ${means}`)]),
    step(`in ${host?.deploy_to}: ${switched} (now ${plan.previous[name] ?? 'no link'})`),
    ...(config.hooks.on_switch === null ? [] : [step(`on_switch: ${config.hooks.on_switch}`)]),
  ]
}

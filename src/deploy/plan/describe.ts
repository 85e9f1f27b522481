/** What a run would do, for `plan` and `-n`. */
import type { DeployConfig } from '../config/directives.js'
import type { RunPlan } from '../core/run-plan.js'
import { batchSize } from './batches.js'
import { sharedLink } from './releases.js'

/**
 * @param method how weight 0 will be held
 * @param waits what is known of the drain of each host
 */
export function describePlan(
  plan: RunPlan,
  config: DeployConfig,
  method: string,
  waits: ReadonlyMap<string, string>,
): string[] {
  const { hooks, drain, health, deploy } = config
  const lines = [`${plan.kind} ${plan.release} to ${plan.hosts.length} hosts, ${deploy.deploy_to}`]
  const hook = (name: 'before_all' | 'after_all'): string[] =>
    hooks[name] === null ? [] : [`here, ${name}: ${hooks[name]}`]
  lines.push(...hook('before_all'))
  if (!plan.skips.includes('upload')) lines.push(...describeUpload(plan, config))
  if (plan.until === 'prepare') return lines
  let left = plan.hosts.length
  for (let batch = 0; left > 0; batch++) {
    const size = batchSize(plan.batch, batch, left)
    const names = plan.hosts.slice(plan.hosts.length - left, plan.hosts.length - left + size)
    lines.push(`batch ${batch + 1}: ${names.join(' ')}`)
    for (const name of names) lines.push(...describeHost(plan, config, name, method, waits.get(name) ?? ''))
    if (batch === 0 && left > size && deploy.canary_wait > 0) lines.push(`pause of ${deploy.canary_wait} s`)
    left -= size
  }
  lines.push(...hook('after_all'))
  if (!plan.skips.includes('drain'))
    lines.push(
      `drains: at least ${drain.wait_short} s, ${drain.wait_persistent} s where a virtual is persistent, at most ${drain.max} s`,
    )
  const slow = health.slow_start === 0 ? '' : `, weight in steps over ${health.slow_start} s`
  lines.push(`gate: ${gateText(config)}${slow}; watched for ${health.watch} s`)
  return lines
}

function describeUpload({ release }: RunPlan, { deploy, hooks }: DeployConfig): string[] {
  const shared = [...deploy.shared_dirs, ...deploy.shared_files]
  return [
    `each host: upload to releases/.${release}.tar.gz by SFTP, compare sha-256, tar -xzof into releases/${release}`,
    ...shared.map(path => `each host: ln -sfn ${sharedLink(path)} releases/${release}/${path}`),
    ...(hooks.on_prepare === null ? [] : [`each host, in releases/${release}: ${hooks.on_prepare}`]),
  ]
}

function gateText({ health }: DeployConfig): string {
  if (health.check === 'ldirectord') return 'the next check of ldirectord'
  return health.check === 'url' ? `http ${health.path}` : `command ${health.command}`
}

function describeHost(
  plan: RunPlan,
  config: DeployConfig,
  name: string,
  method: string,
  wait: string,
): string[] {
  const host = config.hosts.find(candidate => candidate.name === name)
  const isDrained = !plan.skips.includes('drain')
  const reals = host?.real ?? []
  const means =
    method === 'weight'
      ? reals.map(real => `${config.director.ldirectord} ${config.director.config} drain ${real}`)
      : reals.map(real => `a file ${real} in maintenancedir`)
  const step = (text: string): string => `  ${name}: ${text}`
  const hook = (which: 'on_drained' | 'on_switch' | 'after_switch'): string[] =>
    config.hooks[which] === null ? [] : [step(`${which}: ${config.hooks[which]}`)]
  const switched = `ln -s releases/${plan.release} .current.${plan.run} && mv -T .current.${plan.run} current`
  return [
    ...(isDrained
      ? [
          step(`weight 0 for ${reals.join(' ')}: ${means.join('; ')}`),
          step(`then ${wait}`),
          ...hook('on_drained'),
        ]
      : []),
    step(`in ${host?.deploy_to}: ${switched} (now ${plan.previous[name] ?? 'no link'})`),
    ...hook('on_switch'),
    ...(isDrained && method === 'weight'
      ? [step(`gate, then ${means.join('; ').replaceAll(' drain ', ' undrain ')}`)]
      : []),
    ...hook('after_switch'),
  ]
}

/** What each key alone allows and all of them together do not. */
import type { Diagnostic, Severity } from '../../syntax/diagnostic.js'
import type { DeployConfig } from './directives.js'
import type { Places } from './scan.js'

export function lint(config: DeployConfig, places: Places): Diagnostic[] {
  const found: Diagnostic[] = []
  const say = (place: string, severity: Severity, code: string, message: string, help?: string): void => {
    const entry = places.get(place)
    found.push({
      file: config.file,
      span: entry?.valueSpan ?? null,
      severity,
      code,
      message,
      ...(entry && { source: entry.source }),
      ...(help !== undefined && { help }),
    })
  }
  const { director, drain, health, hosts } = config
  if (director.mode === 'ssh' && director.hosts.length === 0)
    say('director.mode', 'error', 'no-director', 'mode = ssh wants hosts[] = DIRECTOR')
  if (director.mode === 'local' && director.hosts.length > 0)
    say(
      'director.hosts',
      'error',
      'director-mode',
      'hosts[] wants mode = ssh',
      'with mode = local the director is this machine alone',
    )
  if (health.check === 'command' && health.command === null)
    say('health.check', 'error', 'no-command', 'check = command wants command = ...')
  if (health.slow_start > 0 && drain.method === 'maintenancedir')
    say(
      'health.slow_start',
      'error',
      'slow-start',
      'slow_start wants method = weight or auto: a file in maintenancedir leaves no part of a weight',
    )
  if (health.check !== 'ldirectord' && health.timeout < health.interval * (health.rise - 1))
    say(
      'health.timeout',
      'error',
      'gate-too-short',
      `timeout is shorter than ${health.rise} probes ${health.interval} s apart`,
    )
  const owner = new Map<string, string>()
  for (const { name, real } of hosts) {
    for (const place of real) {
      const other = owner.get(place)
      if (other !== undefined)
        say(`host:${name}.real`, 'error', 'real-twice', `${place} is the real of ${other} already`)
      owner.set(place, name)
    }
  }
  return found
}

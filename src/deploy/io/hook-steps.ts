/** The steps that are hooks, and the mail about a host that has failed. */
import { runCommand } from '../../base/io/run-command.js'
import type { HookName } from '../config/directives.js'
import { LOCAL } from './hooks.js'
import { DONE, type HostAtWork, type Outcome, outcomeOf, type RunContext, releaseOf } from './run-context.js'

const MAIL_MS_MAX = 30_000

/** A hook of the run as a whole, on this machine. */
export async function localHook(context: RunContext, name: 'before_all' | 'after_all'): Promise<Outcome> {
  const command = context.config.hooks[name]
  if (command === null) return DONE
  const { local, hooks, plan } = context
  const env = { HA_DEPLOY_RUN: plan.run, HA_DEPLOY_RELEASE: plan.release, HA_DEPLOY_STEP: name }
  const call = { command: `local:${command.replace(LOCAL, '')}`, folder: '.', env }
  return outcomeOf(await hooks.run(local, name, call))
}

export async function hostHook(
  context: RunContext,
  host: HostAtWork,
  name: HookName,
  folder: string,
): Promise<Outcome> {
  const { config, hooks, plan } = context
  const command = config.hooks[name]
  if (command === null) return DONE
  const env = {
    HA_DEPLOY_HOST: host.name,
    HA_DEPLOY_RELEASE: plan.release,
    HA_DEPLOY_PREVIOUS: releaseOf(host.previous) ?? '',
    HA_DEPLOY_STEP: name,
    HA_DEPLOY_RUN: plan.run,
  }
  const call = { command, folder: `${host.config.deploy_to}/${folder}`, env }
  return outcomeOf(await hooks.run(host.shell, name, call))
}

/** Mail and on_fail, for a host that has failed. A mail that cannot be sent is said and changes nothing. */
export async function tellFailure(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { config, plan, say } = context
  const to = config.notify.mail
  if (to.length > 0) {
    const subject = `ha-deploy ${config.deploy.application}: ${host.name} failed (run ${plan.run})`
    const input = `To: ${to.join(', ')}\nSubject: ${subject}\n\nRelease ${plan.release}. ha-deploy status shows each host.\n`
    const sent = await runCommand(config.notify.sendmail, ['-t', '-oi'], { timeoutMs: MAIL_MS_MAX, input })
    if (sent.exitCode !== 0) {
      const detail = `mail was not sent: ${sent.spawnError ?? `status ${sent.exitCode}`}`
      say({ host: host.name, virtual: null, step: 'mail', status: 'warning', detail })
    }
  }
  return hostHook(context, host, 'on_fail', '.')
}

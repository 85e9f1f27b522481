/** Carries out the steps of a run, one by one, each to an answer. Which comes when is the rollout's to decide. */
import { setTimeout as delay } from 'node:timers/promises'
import { unreachable } from '../../base/assert.js'
import { nowMs } from '../../base/io/real-clock.js'
import { runCommand } from '../../base/io/run-command.js'
import type { DeployConfig, HookName, HostConfig } from '../config/directives.js'
import { assessDrain, type DrainProgress, type DrainRule } from '../core/drain.js'
import type { DoEffect, StepData } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import type { HostStep, RunStep } from '../core/steps.js'
import { capacity } from '../plan/capacity.js'
import type { DirectorView, Reading } from '../plan/director-view.js'
import { type ReleaseFile, sharedLink } from '../plan/releases.js'
import * as scripts from '../plan/scripts.js'
import type { Drain } from './drain.js'
import { type ProbeOnce, pass, probeUrl } from './gate.js'
import type { Hooks } from './hooks.js'
import type { Say } from './report.js'
import type { ScriptResult, Shell } from './shell.js'

export interface Outcome {
  readonly ok: boolean
  readonly why: string
  readonly data?: StepData
}

export interface PerformContext {
  readonly config: DeployConfig
  readonly plan: RunPlan
  readonly shells: ReadonlyMap<string, Shell>
  readonly directors: readonly Shell[]
  readonly local: Shell
  readonly drain: Drain
  readonly hooks: Hooks
  /** What is uploaded; null: nothing. */
  readonly archive: string | null
  readonly say: Say
  /** On a terminal: whether to go on with clients left. null: nobody is there to be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | null
  /** What the directors were set to before the run. */
  readonly tuning: () => Readonly<Record<string, string>>
  readonly stopping: AbortSignal
}

const LOOK_EVERY_MS = 500
const SAY_EVERY_MS = 5_000
const UPLOAD_MS_MAX = 3_600_000
const UNPACK_MS_MAX = 1_800_000
const HOST_SCRIPT_MS_FACTOR = 3

const DONE: Outcome = { ok: true, why: '' }
const failure = (why: string): Outcome => ({ ok: false, why })
const outcome = (result: ScriptResult): Outcome => ({ ok: result.ok, why: result.why })

export class Performer {
  readonly #c: PerformContext

  constructor(context: PerformContext) {
    this.#c = context
  }

  async perform(effect: DoEffect): Promise<Outcome> {
    return effect.host === null
      ? this.#runStep(effect.step as RunStep, effect.hosts)
      : this.#hostStep(this.#host(effect.host), effect.step as HostStep)
  }

  #host(name: string): Host {
    const config = this.#c.config.hosts.find(host => host.name === name)
    const shell = this.#c.shells.get(name)
    if (config === undefined || shell === undefined)
      throw new Error(`the plan names a host that is not in ${this.#c.config.file}: ${name}`)
    return { name, config, shell, previous: this.#c.plan.previous[name] ?? null }
  }

  async #runStep(step: RunStep, hosts: readonly string[]): Promise<Outcome> {
    const { config } = this.#c
    switch (step) {
      case 'beforeAll':
        return this.#localHook('before_all')
      case 'readTuning':
        return this.#readTuning()
      case 'tune':
        return this.#tune(() => '1')
      case 'capacity':
        return this.#capacity(hosts)
      case 'pause':
        await this.#wait(config.deploy.canary_wait * 1000)
        return DONE
      case 'restore':
        return this.#tune(director => this.#c.tuning()[director] ?? null)
      case 'afterAll':
        return this.#localHook('after_all')
      default:
        return unreachable(step)
    }
  }

  async #hostStep(host: Host, step: HostStep): Promise<Outcome> {
    const { plan } = this.#c
    const forward = `releases/${plan.release}`
    switch (step) {
      case 'upload':
        return this.#upload(host)
      case 'prepare':
        return this.#prepare(host)
      case 'discard':
        return this.#script(host, scripts.MARK, [plan.release, 'bad', now()])
      case 'drain':
        return this.#drain(host, 'wait')
      case 'redrain':
        return this.#drain(host, 'proceed')
      case 'quiesce':
      case 'hold':
        return this.#quiesce(host)
      case 'release':
        return this.#release(host)
      case 'rejoin':
      case 'readmit':
        return this.#rejoin(host)
      case 'swap':
        return this.#script(host, scripts.SWAP, [forward, plan.run, 'forward'])
      case 'unswap':
        return this.#unswap(host)
      case 'switch':
      case 'reswitch':
        return this.#hook(host, 'on_switch', 'current')
      case 'gate':
        return this.#gate(host, plan.release)
      case 'regate':
        return this.#gate(host, releaseOf(host.previous))
      case 'watch':
        return this.#watch(host)
      case 'keep':
        return this.#keep(host)
      case 'spoil':
        return this.#spoil(host)
      case 'onFail':
        return this.#onFail(host)
      default:
        return unreachable(step)
    }
  }

  #script(host: Host, script: string, words: readonly string[], timeoutMs?: number): Promise<Outcome> {
    const limitMs = timeoutMs ?? this.#c.config.ssh.timeout * 1000 * HOST_SCRIPT_MS_FACTOR
    return host.shell.run(script, [this.#c.config.deploy.deploy_to, ...words], limitMs).then(outcome)
  }

  /** To what the link said before the run. Where there was none, there is nothing to go back to once it was made. */
  async #unswap(host: Host): Promise<Outcome> {
    if (host.previous !== null)
      return this.#script(host, scripts.SWAP, [host.previous, `${this.#c.plan.run}.back`, 'back'])
    const none = await this.#script(host, scripts.IS_UNLINKED, [])
    return none.ok ? none : failure('there was no release before this one')
  }

  async #upload(host: Host): Promise<Outcome> {
    const { plan, config, archive } = this.#c
    const place = await host.shell.run(
      scripts.MAKE_PLACE,
      [config.deploy.deploy_to, plan.release],
      config.ssh.timeout * 1000 * HOST_SCRIPT_MS_FACTOR,
    )
    if (!place.ok) return outcome(place)
    // A resumed run finds the release that it made itself.
    if (place.stdout.includes('present')) return DONE
    if (archive === null || plan.digest === null) return failure('there is nothing to upload')
    const name = `.${plan.release}.tar.gz`
    const fault = await host.shell.put(archive, `${config.deploy.deploy_to}/releases/${name}`, UPLOAD_MS_MAX)
    if (fault !== null) return failure(fault)
    const state: ReleaseFile = {
      id: plan.release,
      run: plan.run,
      digest: plan.digest,
      state: 'unfinished',
      times: { unfinished: now() },
    }
    return this.#script(
      host,
      scripts.UNPACK,
      [plan.release, name, plan.digest, JSON.stringify(state)],
      UNPACK_MS_MAX,
    )
  }

  async #prepare(host: Host): Promise<Outcome> {
    const { plan, config } = this.#c
    const links = [
      ...config.deploy.shared_dirs.flatMap(path => ['d', path, sharedLink(path)]),
      ...config.deploy.shared_files.flatMap(path => ['f', path, sharedLink(path)]),
    ]
    if (links.length > 0) {
      const linked = await this.#script(host, scripts.LINK_SHARED, [plan.release, ...links])
      if (!linked.ok) return linked
    }
    const hooked = await this.#hook(host, 'on_prepare', `releases/${plan.release}`)
    if (!hooked.ok) return hooked
    return this.#script(host, scripts.MARK, [plan.release, 'ready', now()], UNPACK_MS_MAX)
  }

  async #keep(host: Host): Promise<Outcome> {
    const { plan } = this.#c
    const marked = await this.#script(host, scripts.MARK, [plan.release, 'good', now()])
    if (!marked.ok) return marked
    if (plan.spoilsPrevious && host.previous !== null && host.previous !== `releases/${plan.release}`) {
      const left = releaseOf(host.previous)
      if (left !== null) await this.#script(host, scripts.MARK, [left, 'bad', now()])
    }
    return this.#script(host, scripts.RECORD, [now(), `${plan.run} ${plan.release} good`])
  }

  async #spoil(host: Host): Promise<Outcome> {
    const { plan } = this.#c
    // A rollback goes to a release that was good; that it did not pass now says nothing about its files.
    if (plan.kind !== 'rollback') {
      const marked = await this.#script(host, scripts.MARK, [plan.release, 'bad', now()])
      if (!marked.ok) return marked
    }
    return this.#script(host, scripts.RECORD, [now(), `${plan.run} ${plan.release} rolled-back`])
  }

  async #onFail(host: Host): Promise<Outcome> {
    await this.#mail(host)
    return this.#hook(host, 'on_fail', '.')
  }

  async #mail(host: Host): Promise<void> {
    const { config, plan, say } = this.#c
    const to = config.notify.mail
    if (to.length === 0) return
    const subject = `ha-deploy ${config.deploy.application}: ${host.name} failed (run ${plan.run})`
    const input = `To: ${to.join(', ')}\nSubject: ${subject}\n\nRelease ${plan.release}. ha-deploy status shows each host.\n`
    const sent = await runCommand('/usr/sbin/sendmail', ['-t', '-oi'], { timeoutMs: 30_000, input })
    if (sent.exitCode !== 0)
      say({
        host: host.name,
        virtual: null,
        step: 'mail',
        status: 'warning',
        detail: `mail was not sent: ${sent.spawnError ?? `status ${sent.exitCode}`}`,
      })
  }

  async #localHook(name: 'before_all' | 'after_all'): Promise<Outcome> {
    const command = this.#c.config.hooks[name]
    if (command === null) return DONE
    const { local, hooks, plan } = this.#c
    return outcome(
      await hooks.run(local, name, {
        command: `local:${command.replace(/^local:/, '')}`,
        folder: '.',
        env: { HA_DEPLOY_RUN: plan.run, HA_DEPLOY_RELEASE: plan.release, HA_DEPLOY_STEP: name },
      }),
    )
  }

  async #hook(host: Host, name: HookName, folder: string): Promise<Outcome> {
    const { config, hooks, plan } = this.#c
    const command = config.hooks[name]
    if (command === null) return DONE
    const env = {
      HA_DEPLOY_HOST: host.name,
      HA_DEPLOY_RELEASE: plan.release,
      HA_DEPLOY_PREVIOUS: releaseOf(host.previous) ?? '',
      HA_DEPLOY_STEP: name,
      HA_DEPLOY_RUN: plan.run,
    }
    return outcome(
      await hooks.run(host.shell, name, { command, folder: `${config.deploy.deploy_to}/${folder}`, env }),
    )
  }

  get #rule(): DrainRule {
    const { drain, director } = this.#c.config
    return {
      waitPersistentSeconds: drain.wait_persistent,
      waitShortSeconds: drain.wait_short,
      activeConn: drain.active_conn,
      virtuals: director.virtuals,
    }
  }

  async #drain(host: Host, late: 'wait' | 'proceed'): Promise<Outcome> {
    const { config, drain, plan } = this.#c
    const { real } = host.config
    const fault =
      (await drain.prepare(real)) ??
      (await drain.set(real, { run: plan.run, time: now(), reason: `release ${plan.release}` }))
    if (fault !== null) return failure(fault)
    const startedMs = nowMs()
    let zeroSinceMs: number | null = null
    let saidMs = Number.NEGATIVE_INFINITY
    for (;;) {
      const progress = assessDrain(
        await drain.read(real),
        real,
        this.#rule,
        zeroSinceMs === null ? 0 : (nowMs() - zeroSinceMs) / 1000,
      )
      zeroSinceMs = progress.isZero ? (zeroSinceMs ?? nowMs()) : null
      if (progress.state === 'drained') break
      if (nowMs() - saidMs >= SAY_EVERY_MS) {
        saidMs = nowMs()
        this.#sayDrain(host, progress)
      }
      if (nowMs() - startedMs > config.drain.max * 1000) {
        if (late === 'proceed' || (await this.#goesOn(host, progress))) break
        return failure(`not drained within ${config.drain.max} s: ${progress.why}`)
      }
      await this.#wait(LOOK_EVERY_MS)
      if (this.#c.stopping.aborted) return failure('interrupted')
    }
    return late === 'proceed' ? DONE : this.#hook(host, 'on_drained', 'current')
  }

  #sayDrain(host: Host, progress: DrainProgress): void {
    const say = (virtual: string | null, detail: string): void =>
      this.#c.say({ host: host.name, virtual, step: 'drain', status: 'progress', detail })
    if (progress.virtuals.length === 0) say(null, progress.why)
    for (const { director, virtual, weight, active, templates, waitSeconds } of progress.virtuals) {
      const wait = waitSeconds === null ? 'wait until they close' : `wait≈${Math.ceil(waitSeconds)}s`
      say(virtual, `weight ${weight} active ${active} templates ${templates} ${wait} (${director})`)
    }
  }

  async #goesOn(host: Host, progress: DrainProgress): Promise<boolean> {
    const { config, ask } = this.#c
    // Clients may be dropped when the administrator said so; a weight above 0 would be new ones.
    if (!progress.isZero) return false
    if (config.drain.on_timeout === 'proceed') return true
    if (config.drain.on_timeout === 'stop' || ask === null) return false
    return ask(
      `${host.name} is not drained after ${config.drain.max} s (${progress.why}). Drop who is left and go on?`,
    )
  }

  /** Weight 0 now; clients are not waited for. */
  async #quiesce(host: Host): Promise<Outcome> {
    const { drain, plan, config } = this.#c
    const { real } = host.config
    const fault = await drain.set(real, {
      run: plan.run,
      time: now(),
      reason: `release ${plan.release} failed`,
    })
    if (fault !== null) return failure(fault)
    return this.#until(config.health.timeout * 1000, async () => {
      const progress = assessDrain(await drain.read(real), real, this.#rule, 0)
      return progress.isZero ? null : progress.why
    })
  }

  /** Nothing was switched: the host gets back what it had, which is no weight where an administrator took it out. */
  async #release(host: Host): Promise<Outcome> {
    const { drain, say } = this.#c
    const cleared = await drain.clear(host.config.real)
    if (!cleared.isForeign) return this.#rejoin(host)
    const detail = `stays out of service: ${cleared.why ?? `on ${cleared.left.join(', ')}`}`
    say({ host: host.name, virtual: null, step: 'release', status: 'warning', detail })
    return DONE
  }

  /** The mark is taken away; ldirectord gives the weight back once its own check passes. */
  async #rejoin(host: Host): Promise<Outcome> {
    const { drain, config, say } = this.#c
    const { real } = host.config
    const cleared = await drain.clear(real)
    if (cleared.why !== null) return failure(cleared.why)
    if (cleared.left.length > 0) {
      const detail = `still drained on ${cleared.left.join(', ')}: run ha-deploy undrain ${host.name} when it is back`
      say({ host: host.name, virtual: null, step: 'rejoin', status: 'warning', detail })
    }
    return this.#until(config.health.timeout * 1000, async () =>
      this.#withoutWeight(host, await drain.read(real)),
    )
  }

  /** null: every director that lists the host gives it a weight. */
  #withoutWeight(host: Host, readings: readonly Reading[]): string | null {
    const { virtuals, why } = assessDrain(readings, host.config.real, this.#rule, 0)
    if (virtuals.length === 0) return why
    const zero = virtuals.find(({ weight }) => weight === 0)
    return zero === undefined
      ? null
      : `${zero.director} ${zero.virtual}: ldirectord leaves it at weight 0, its check does not pass`
  }

  async #until(limitMs: number, look: () => Promise<string | null>): Promise<Outcome> {
    const untilMs = nowMs() + limitMs
    for (;;) {
      const why = await look()
      if (why === null) return DONE
      if (nowMs() > untilMs) return failure(`${why} (after ${Math.round(limitMs / 1000)} s)`)
      await this.#wait(LOOK_EVERY_MS / 2)
      if (this.#c.stopping.aborted) return failure('interrupted')
    }
  }

  #probe(host: Host, release: string | null): ProbeOnce | null {
    const { health } = this.#c.config
    if (health.check === 'ldirectord') return null
    if (health.check === 'command') {
      const command = health.command!
      const env = { HA_DEPLOY_HOST: host.name, HA_DEPLOY_RELEASE: release ?? '', HA_DEPLOY_STEP: 'gate' }
      const words = [`${this.#c.config.deploy.deploy_to}/current`, command, ...Object.entries(env).flat()]
      return async timeoutMs => {
        const result = await host.shell.run(scripts.HOOK, words, Math.max(1, timeoutMs))
        return result.ok ? null : result.why
      }
    }
    const [real = ''] = host.config.real
    const at = real.lastIndexOf(':')
    const probe = {
      address: real.slice(0, at).replace(/^\[|\]$/g, ''),
      port: health.port ?? Number(real.slice(at + 1)),
      path: health.path,
      virtualhost: health.virtualhost,
      expect:
        health.expect === null
          ? null
          : release === null && health.expect.includes('{release}')
            ? null
            : health.expect.replaceAll('{release}', release ?? ''),
      header:
        health.release_header === null || release === null
          ? null
          : { name: health.release_header, value: release },
    }
    return timeoutMs => probeUrl(probe, timeoutMs)
  }

  async #gate(host: Host, release: string | null): Promise<Outcome> {
    const probe = this.#probe(host, release)
    if (probe === null) return DONE
    const { rise, interval, timeout } = this.#c.config.health
    const why = await pass(probe, { rise, intervalMs: interval * 1000, timeoutMs: timeout * 1000 })
    return why === null ? DONE : failure(why)
  }

  async #watch(host: Host): Promise<Outcome> {
    const { config, drain, plan, stopping } = this.#c
    const hooked = await this.#hook(host, 'after_switch', 'current')
    if (!hooked.ok) return hooked
    const untilMs = nowMs() + config.health.watch * 1000
    const probe = this.#probe(host, plan.release)
    let faults = 0
    while (nowMs() < untilMs) {
      if (this.#c.plan.skips.includes('drain') === false) {
        const why = this.#withoutWeight(host, await drain.read(host.config.real))
        if (why !== null) return failure(why)
      }
      const why = probe === null ? null : await probe(config.ssh.timeout * 1000)
      faults = why === null ? 0 : faults + 1
      if (why !== null && faults >= config.health.rise) return failure(`${why} (${faults} times)`)
      await this.#wait(
        Math.min(Math.max(config.health.interval * 1000, LOOK_EVERY_MS), Math.max(0, untilMs - nowMs())),
      )
      if (stopping.aborted) return failure('interrupted')
    }
    return DONE
  }

  async #capacity(wanted: readonly string[]): Promise<Outcome> {
    const { config, drain } = this.#c
    const realsOf = new Map(config.hosts.map(host => [host.name, host.real]))
    const reals = wanted.flatMap(host => realsOf.get(host) ?? [])
    // No director may list anything in the moment of a failover.
    let last = failure('no director lists a virtual service')
    const untilMs = nowMs() + config.health.timeout * 1000
    while (nowMs() < untilMs && !this.#c.stopping.aborted) {
      const fault = await drain.prepare(reals)
      if (fault !== null) return failure(fault)
      const readings = await drain.read(reals)
      const views = readings.filter(
        (reading): reading is DirectorView => 'reals' in reading && reading.reals.length > 0,
      )
      const judged = views.map(view =>
        capacity(view, wanted, realsOf, drain.weights(), config.deploy.min_up, config.director.virtuals),
      )
      const [worst] = judged.sort((a, b) => a.allowed.length - b.allowed.length)
      if (worst !== undefined && worst.allowed.length > 0)
        return { ...DONE, data: { allowed: worst.allowed } }
      const lost = readings.find(reading => 'unreachable' in reading)
      last = failure(worst?.why ?? (lost === undefined ? last.why : `${lost.director}: ${lost.unreachable}`))
      await this.#wait(LOOK_EVERY_MS * 2)
    }
    return last
  }

  async #readTuning(): Promise<Outcome> {
    const { config, drain, say } = this.#c
    const readings = await drain.read(config.hosts.flatMap(host => host.real))
    const tuning: Record<string, string> = {}
    for (const view of readings) {
      if (!('reals' in view) || view.expireTemplate !== '0') continue
      if (!view.reals.some(entry => entry.persistentSeconds !== null)) continue
      if (config.drain.expire_template === 'require')
        return failure(
          `${view.director}: net.ipv4.vs.expire_quiescent_template is 0: persistent clients would keep coming (expire_template = require)`,
        )
      if (config.drain.expire_template === 'never') continue
      tuning[view.director] = view.expireTemplate
      say({
        host: null,
        virtual: null,
        step: 'tune',
        status: 'progress',
        detail: `${view.director}: net.ipv4.vs.expire_quiescent_template 0→1 for all virtual services there until the end of the run`,
      })
    }
    return { ...DONE, data: { tuning } }
  }

  async #tune(value: (director: string) => string | null): Promise<Outcome> {
    const { directors, tuning, config } = this.#c
    const faults: string[] = []
    for (const director of directors) {
      if (tuning()[director.name] === undefined) continue
      const wanted = value(director.name)
      if (wanted === null) continue
      const result = await director.run(scripts.TUNE, [wanted], config.ssh.timeout * 1000)
      if (!result.ok) faults.push(`${director.name}: net.ipv4.vs.expire_quiescent_template: ${result.why}`)
    }
    return faults.length === 0 ? DONE : failure(faults.join('; '))
  }

  /** Ends early when the run is interrupted. */
  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#c.stopping }).catch(() => {})
  }
}

interface Host {
  readonly name: string
  readonly config: HostConfig
  readonly shell: Shell
  /** The text of its link before the run. */
  readonly previous: string | null
}

const now = (): string => new Date().toISOString()

/** The release in the text of a link; null where it points elsewhere. */
function releaseOf(link: string | null): string | null {
  return link?.startsWith('releases/') ? link.slice('releases/'.length) : null
}

/** Carries out the steps of a run, one by one, each to an answer. Which comes when is the rollout's to decide. */
import { unreachable } from '../../base/assert.js'
import type { DoEffect } from '../core/rollout.js'
import type { HostStep, RunStep } from '../core/steps.js'
import { judgeCapacity, readTuning, tune } from './director-steps.js'
import { gate, watch } from './gate-steps.js'
import { hostHook, localHook, tellFailure } from './hook-steps.js'
import { discard, keep, prepare, spoil, swap, unswap, upload } from './release-steps.js'
import { DONE, type HostAtWork, type Outcome, pause, type RunContext, releaseOf } from './run-context.js'
import { drainHost, quiesce, rejoin, release } from './weight-steps.js'

export class Performer {
  readonly #c: RunContext

  constructor(context: RunContext) {
    this.#c = context
  }

  async perform(effect: DoEffect): Promise<Outcome> {
    return effect.host === null
      ? this.#runStep(effect.step as RunStep, effect.hosts)
      : this.#hostStep(this.#host(effect.host), effect.step as HostStep)
  }

  #host(name: string): HostAtWork {
    const config = this.#c.config.hosts.find(host => host.name === name)
    const shell = this.#c.shells.get(name)
    if (config === undefined || shell === undefined)
      throw new Error(`the plan names a host that is not in ${this.#c.config.file}: ${name}`)
    return { name, config, shell, previous: this.#c.plan.previous[name] ?? null }
  }

  async #runStep(step: RunStep, hosts: readonly string[]): Promise<Outcome> {
    const context = this.#c
    switch (step) {
      case 'beforeAll':
        return localHook(context, 'before_all')
      case 'readTuning':
        return readTuning(context)
      case 'tune':
        return tune(context, () => '1')
      case 'capacity':
        return judgeCapacity(context, hosts)
      case 'pause':
        await pause(context, context.config.deploy.canary_wait * 1000)
        return DONE
      case 'restore':
        return tune(context, director => context.tuning()[director] ?? null)
      case 'afterAll':
        return localHook(context, 'after_all')
      default:
        return unreachable(step)
    }
  }

  async #hostStep(host: HostAtWork, step: HostStep): Promise<Outcome> {
    const context = this.#c
    const { plan } = context
    switch (step) {
      case 'upload':
        return upload(context, host)
      case 'prepare':
        return prepare(context, host)
      case 'discard':
        return discard(context, host)
      case 'drain':
        return drainHost(context, host, 'wait')
      case 'redrain':
        return drainHost(context, host, 'proceed')
      case 'quiesce':
      case 'hold':
        return quiesce(context, host)
      case 'release':
        return release(context, host)
      case 'rejoin':
      case 'readmit':
        return rejoin(context, host)
      case 'swap':
        return swap(context, host)
      case 'unswap':
        return unswap(context, host)
      case 'switch':
      case 'reswitch':
        return hostHook(context, host, 'on_switch', 'current')
      case 'gate':
        return gate(context, host, plan.release)
      case 'regate':
        return gate(context, host, releaseOf(host.previous))
      case 'watch':
        return watch(context, host)
      case 'keep':
        return keep(context, host)
      case 'spoil':
        return spoil(context, host)
      case 'onFail':
        return tellFailure(context, host)
      default:
        return unreachable(step)
    }
  }
}

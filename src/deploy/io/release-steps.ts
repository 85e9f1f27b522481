/** The steps that change files on a web host: the release arrives, gets its mark, and the link points to it. */
import { type ReleaseFile, type ReleaseState, sharedLink } from '../plan/releases.js'
import * as scripts from '../plan/scripts.js'
import { hostHook } from './hook-steps.js'
import {
  DONE,
  failure,
  type HostAtWork,
  isoNow,
  type Outcome,
  outcomeOf,
  type RunContext,
  releaseOf,
} from './run-context.js'

const UPLOAD_MS_MAX = 3_600_000
const UNPACK_MS_MAX = 1_800_000
const HOST_SCRIPT_MS_FACTOR = 3

function onHost(
  { config }: RunContext,
  { shell, config: { deploy_to } }: HostAtWork,
  script: string,
  words: readonly string[],
  timeoutMs = config.ssh.timeout * 1000 * HOST_SCRIPT_MS_FACTOR,
): ReturnType<HostAtWork['shell']['run']> {
  return shell.run(script, [deploy_to, ...words], timeoutMs)
}

/** Releases with their new states, and what revisions.log says of it: one command. */
async function mark(
  context: RunContext,
  host: HostAtWork,
  states: readonly (readonly [release: string, state: ReleaseState])[],
  word: string | null = null,
  timeoutMs?: number,
): Promise<Outcome> {
  const { run, release } = context.plan
  const line = word === null ? '' : `${run} ${release} ${word}`
  return outcomeOf(await onHost(context, host, scripts.MARK, [isoNow(), line, ...states.flat()], timeoutMs))
}

export async function upload(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { plan, archive } = context
  const place = await onHost(context, host, scripts.MAKE_PLACE, [plan.release])
  if (!place.ok) return outcomeOf(place)
  // A resumed run finds the release that it made itself.
  if (place.stdout.includes('present')) return DONE
  if (archive === null || plan.digest === null) return failure('there is nothing to upload')
  const name = `.${plan.release}.tar.gz`
  const fault = await host.shell.put(archive, `${host.config.deploy_to}/releases/${name}`, UPLOAD_MS_MAX)
  if (fault !== null) return failure(fault)
  const state: ReleaseFile = {
    id: plan.release,
    run: plan.run,
    digest: plan.digest,
    state: 'unfinished',
    times: { unfinished: isoNow() },
  }
  const words = [plan.release, name, plan.digest, JSON.stringify(state)]
  return outcomeOf(await onHost(context, host, scripts.UNPACK, words, UNPACK_MS_MAX))
}

export async function prepare(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { plan, config } = context
  const links = [
    ...config.deploy.shared_dirs.flatMap(path => ['d', path, sharedLink(path)]),
    ...config.deploy.shared_files.flatMap(path => ['f', path, sharedLink(path)]),
  ]
  if (links.length > 0) {
    const linked = await onHost(context, host, scripts.LINK_SHARED, [plan.release, ...links])
    if (!linked.ok) return outcomeOf(linked)
  }
  const hooked = await hostHook(context, host, 'on_prepare', `releases/${plan.release}`)
  return hooked.ok ? mark(context, host, [[plan.release, 'ready']], null, UNPACK_MS_MAX) : hooked
}

export const discard = (context: RunContext, host: HostAtWork): Promise<Outcome> =>
  mark(context, host, [[context.plan.release, 'bad']])

export async function swap(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { release, run } = context.plan
  return outcomeOf(await onHost(context, host, scripts.SWAP, [`releases/${release}`, run, 'forward']))
}

/** To what the link said before the run. Where there was none, there is nothing to go back to once it was made. */
export async function unswap(context: RunContext, host: HostAtWork): Promise<Outcome> {
  if (host.previous !== null) {
    const words = [host.previous, `${context.plan.run}.back`, 'back']
    return outcomeOf(await onHost(context, host, scripts.SWAP, words))
  }
  const none = await onHost(context, host, scripts.IS_UNLINKED, [])
  return none.ok ? DONE : failure('there was no release before this one')
}

export function keep(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { plan } = context
  const left = releaseOf(host.previous)
  const isSpoilt = plan.spoilsPrevious && left !== null && left !== plan.release
  const spoilt = isSpoilt ? ([[left, 'bad']] as const) : []
  return mark(context, host, [[plan.release, 'good'], ...spoilt], 'good')
}

/** A rollback goes to a release that was good; that it did not pass now says nothing about its files. */
export function spoil(context: RunContext, host: HostAtWork): Promise<Outcome> {
  const { kind, release } = context.plan
  return mark(context, host, kind === 'rollback' ? [] : [[release, 'bad']], 'rolled-back')
}

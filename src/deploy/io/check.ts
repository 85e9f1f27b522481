/** `ha-deploy check`: everything that a run needs, looked at and not changed. */

import { capacity } from '../plan/capacity.js'
import { columns } from '../plan/columns.js'
import { templateVerdict } from '../plan/templates.js'
import type { Answer, CommandInput } from './command.js'
import { unfinishedRun } from './journal-file.js'
import { gateFault, inspect } from './session.js'

const FREE_KIB_LEAST = 64 * 1024

export async function check({ session, terminal }: CommandInput): Promise<Answer> {
  const { config, drain, stateFolder } = session
  const found: { readonly what: string; readonly ok: boolean; readonly detail: string }[] = []
  const note = (what: string, ok: boolean, detail: string): void => void found.push({ what, ok, detail })
  const names = config.hosts.map(host => host.name)
  const order = (what: string): number => (names.includes(what) ? names.indexOf(what) : names.length)
  await Promise.all(
    config.hosts.map(async ({ name, deploy_to }) => {
      const view = await inspect(session, name)
      if ('why' in view) return note(name, false, view.why)
      if (view.isDirectory) return note(name, false, `${deploy_to}/current is a directory: use run --adopt`)
      if (view.exists && !view.isWritable) return note(name, false, `${deploy_to} cannot be written`)
      if (view.freeKiB !== null && view.freeKiB < FREE_KIB_LEAST)
        return note(name, false, `${Math.floor(view.freeKiB / 1024)} MiB are free`)
      if (view.lock !== null) return note(name, false, `locked: ${view.lock}`)
      note(
        name,
        true,
        view.exists
          ? `current ${view.current ?? view.link ?? 'none'}, ${view.releases.length} releases`
          : `${deploy_to} will be made`,
      )
    }),
  )
  const reals = config.hosts.flatMap(host => host.real)
  const fault = await drain.prepare(reals, 'all')
  const unfit = fault ?? gateFault(session)
  note('drain', unfit === null, unfit ?? `by ${drain.method}`)
  const realsOf = new Map(config.hosts.map(host => [host.name, host.real]))
  for (const reading of await drain.read(reals)) {
    if ('unreachable' in reading) {
      note(reading.director, false, reading.unreachable)
      continue
    }
    const first = config.hosts.map(host => host.name).slice(0, 1)
    const judged =
      reading.reals.length === 0
        ? null
        : capacity(reading, first, realsOf, drain.weights(), config.deploy.min_up, config.director.virtuals)
    const detail =
      judged === null
        ? 'lists nothing: a standby'
        : judged.why || `${reading.reals.length} reals, read from ${reading.source}`
    note(reading.director, judged === null || judged.allowed.length > 0, detail)
    const sticky = templateVerdict(reading, config.drain.expire_template)
    if (sticky !== null) note(reading.director, sticky.ok, sticky.detail)
  }
  const open = unfinishedRun(stateFolder)
  note(
    'runs',
    open === null,
    open === null ? 'none is unfinished' : `run ${open.run} is unfinished: resume or abort`,
  )
  found.sort((a, b) => order(a.what) - order(b.what))
  if (terminal.json) for (const row of found) terminal.out(`${JSON.stringify(row)}\n`)
  else
    terminal.out(
      `${columns(found.map(({ what, ok, detail }) => [what, ok ? 'ok' : 'FAULT', detail])).join('\n')}\n`,
    )
  const isOpen = open !== null
  return { exit: found.every(({ ok }) => ok) ? 0 : isOpen ? 8 : 4, error: null }
}

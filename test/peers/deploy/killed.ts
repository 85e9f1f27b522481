/** Kills a run in the middle of a step, which its journal tells. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Stage } from './stage.js'

export function journals(site: Stage): string[] {
  const folder = `${site.folder}/lib/ha-deploy/shop`
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.journal'))
    .map(name => readFileSync(`${folder}/${name}`, 'utf8'))
}

let cuts = 0

/** Starts a release and kills it once the journal says that this step of this host was begun. */
export async function killedAt(
  t: ExecutionContext,
  site: Stage,
  host: string | null,
  step: string,
  ...only: string[]
): Promise<void> {
  const child = site.spawnDeploy('run', '--label', `cut-${cuts++}`, ...only)
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const mark = `"host":${JSON.stringify(host)},"step":"${step}"`
  const before = new Set(journals(site))
  const untilMs = performance.now() + 30_000
  while (performance.now() < untilMs) {
    const fresh = journals(site).find(
      text => !before.has(text) && !text.includes('"closed"') && text.includes(mark),
    )
    if (fresh !== undefined) break
    await delay(5)
  }
  child.kill('SIGKILL')
  await ended
  t.false(
    journals(site).every(text => text.includes('"closed"')),
    `killed at ${step}`,
  )
}

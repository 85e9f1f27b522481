/** Whether the directors are changing places: heartbeat moves the resources of one of them, or nobody has them. */
import { RESOURCES } from '../plan/scripts.js'
import type { Shell } from './shell.js'

/** null: no; else one sentence. A director without heartbeat, or one that cannot be asked, says nothing. */
export async function failoverUnderWay(
  directors: readonly Shell[],
  timeoutMs: number,
): Promise<string | null> {
  const said = await Promise.all(
    directors.map(async director => {
      const result = await director.run(RESOURCES, [], timeoutMs)
      return { name: director.name, held: result.ok ? result.stdout.trim() : '' }
    }),
  )
  const moving = said.find(({ held }) => held === 'transition')
  if (moving !== undefined) return `a failover is in progress: heartbeat moves resources on ${moving.name}`
  const known = said.filter(({ held }) => held !== '')
  const isOrphaned =
    known.length === said.length && known.length > 1 && known.every(({ held }) => held === 'none')
  return isOrphaned ? 'a failover is in progress: no director holds its resources' : null
}

/** What heartbeat 3.0.6 did with its resources, read from a recorded timeline of one node. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RecordedRun {
  /** Lines of ResourceManager and mach_down in ha-log, in order: `info: Releasing resource group: ...`. */
  readonly lines: string[]
  /** Calls of the logging LSB script: `web stop`. */
  readonly calls: string[]
}

const folder = join(import.meta.dirname, '../../../../../test/captures')

/** From `fromSeconds` to `toSeconds` after the action. */
export function recorded(name: string, node: string, fromSeconds = 0, toSeconds = 1e9): RecordedRun {
  const run: RecordedRun = { lines: [], calls: [] }
  for (const line of readFileSync(join(folder, `${name}.timeline.txt`), 'utf8').split('\n')) {
    const [, at, who, rest] = /^\s*\+(\d+\.\d+) (\S+) (.*)$/.exec(line) ?? []
    if (who !== node || rest === undefined || Number(at) < fromSeconds || Number(at) > toSeconds) continue
    const said = /^ha-log \S+ {2}ResourceManager\(default\)\[\d+\]: {4}(.*)$/.exec(rest)?.[1]
    if (said !== undefined) run.lines.push(said.replaceAll('//', '/'))
    const call = /^RESOURCE (.*)$/.exec(rest)?.[1]
    if (call !== undefined) run.calls.push(call)
  }
  return run
}

/** What a starting node remembers of its earlier lives; a node that cannot keep it does not start. */
import type { HaCf } from '../config/ha-cf-table.js'
import type { DeletedNode } from '../core/contract.js'
import { attempt } from './start-failure.js'
import { keepDeletedNodes, keepGeneration, type LogLine, nextGeneration, nodeUuid } from './state-files.js'

export interface Identity {
  readonly generation: number
  readonly uuid: Uint8Array
}

export function rememberIdentity(
  varLib: string,
  method: HaCf['hbgenmethod'],
  say: (level: LogLine['level'], text: string) => void,
): Identity {
  const seconds = Math.floor(Date.now() / 1000)
  const generation = attempt(`cannot keep the generation in ${varLib}`, () =>
    nextGeneration(varLib, seconds, method),
  )
  const uuid = attempt(`cannot keep the uuid in ${varLib}`, () => nodeUuid(varLib))
  for (const { level, text } of [...generation.lines, ...uuid.lines]) say(level, text)
  return { generation: generation.value, uuid: uuid.value }
}

/** A higher generation than that of the start; null when it is kept, else what is wrong. The node goes on either way. */
export function keptGeneration(varLib: string, generation: number): string | null {
  try {
    keepGeneration(varLib, generation)
    return null
  } catch (error) {
    return `cannot keep generation ${generation} in ${varLib}, the peers will refuse the next start: ${(error as Error).message}`
  }
}

/** The same for the nodes that were deleted. */
export function keptDeletedNodes(varLib: string, nodes: readonly DeletedNode[]): string | null {
  try {
    keepDeletedNodes(varLib, nodes)
    return null
  } catch (error) {
    return `cannot keep the list of deleted nodes in ${varLib}: ${(error as Error).message}`
  }
}

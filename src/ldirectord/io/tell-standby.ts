/**
 * A warm standby is told to take the table and to leave it by a question on its control socket: by the command, and by
 * the resource agent, which asks from its own process, because a takeover does not have the time that a new one needs.
 */
import type { Instance } from './instance.js'

/** A takeover or a release writes a table; it ends earlier by itself. */
const ROLE_MS_MAX = 20_000

export type StandbyAnswer = 'done' | 'silent' | { readonly refused: string }

export async function tellStandby(
  { socket }: Pick<Instance, 'socket'>,
  what: 'takeover' | 'release',
): Promise<StandbyAnswer> {
  const { askControl } = await import('./control-socket.js')
  const answer = await askControl(socket, what, ROLE_MS_MAX)
  if (!answer) return 'silent'
  try {
    const { error } = JSON.parse(answer) as { error?: string }
    return error === undefined ? 'done' : { refused: error }
  } catch {
    return 'silent' // it ended in the middle of its answer
  }
}

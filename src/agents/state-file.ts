/**
 * Marks of agents that leave nothing else behind (Delay, MailTo, SendArp, portblock): an empty file says that the
 * resource was started. They lie where the original keeps its own, under the same names, and go with a reboot.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentContext } from './agent.js'

export interface StateFile {
  isThere(): boolean
  /** A sentence when it cannot be written. */
  put(): string | null
  /** A sentence when it cannot be removed. */
  remove(): string | null
}

/** One word that is safe as a file name; what is lost in it must not matter. */
export const fileWord = (text: string): string => text.replaceAll(/[^A-Za-z0-9_.:,@+-]/g, '_').slice(0, 120)

export function stateFile(name: string, context: AgentContext): StateFile {
  const folder = join(context.paths.varRun, 'resource-agents')
  const file = join(folder, fileWord(name))
  const attempt = (work: () => void): string | null => {
    try {
      work()
      return null
    } catch (error) {
      return `cannot keep the state in ${file}: ${(error as Error).message}; check the folder`
    }
  }
  return {
    isThere: () => existsSync(file),
    put: () =>
      attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o755 })
        writeFileSync(file, '', { mode: 0o644 })
      }),
    remove: () => attempt(() => rmSync(file, { force: true })),
  }
}

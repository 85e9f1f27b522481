/**
 * What LVSRealServer remembers until its stop: which addresses were started, and what the kernel settings were before
 * the first of them. The last one to stop puts the settings back. A reboot empties the folder and the settings alike.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentContext } from './agent.js'
import { fileWord } from './state-file.js'

const KERNEL = '/proc/sys'
const SETTINGS = 'settings'

/** null: the kernel has no such setting. */
export function readSetting(path: string): string | null {
  try {
    return readFileSync(join(KERNEL, path), 'utf8').trim()
  } catch {
    return null // a module or an interface is missing; whoever asks says so
  }
}

/** A sentence when it cannot be written. */
export function writeSetting(path: string, value: string): string | null {
  try {
    writeFileSync(join(KERNEL, path), value)
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'EACCES' || code === 'EPERM' ? 'only root may write it' : String(code)
    return `${path.replaceAll('/', '.')} wants ${value}; ${reason}`
  }
}

export class RealServerState {
  readonly #folder: string

  constructor(context: AgentContext) {
    this.#folder = join(context.paths.varRun, 'resource-agents', 'LVSRealServer')
  }

  /** Keeps what a setting was, unless an earlier start did. */
  keep(path: string, value: string): string | null {
    return this.#attempt(() => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o755 })
      const known = this.kept().some(([other]) => other === path)
      if (!known) appendFileSync(join(this.#folder, SETTINGS), `${path} ${value}\n`, { mode: 0o644 })
    })
  }

  kept(): readonly (readonly [path: string, value: string])[] {
    try {
      const text = readFileSync(join(this.#folder, SETTINGS), 'latin1')
      return [...text.matchAll(/^(net\/ipv4\/conf\/(?:all|tunl0)\/\w+) (\d)$/gm)].map(
        ([, path, value]) => [path!, value!] as const,
      )
    } catch {
      return [] // no start has changed a setting
    }
  }

  add(address: string): string | null {
    return this.#attempt(() => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o755 })
      writeFileSync(join(this.#folder, fileWord(address)), '', { mode: 0o644 })
    })
  }

  remove(address: string): string | null {
    return this.#attempt(() => rmSync(join(this.#folder, fileWord(address)), { force: true }))
  }

  forgetSettings(): string | null {
    return this.#attempt(() => rmSync(join(this.#folder, SETTINGS), { force: true }))
  }

  hasAddresses(): boolean {
    try {
      return readdirSync(this.#folder).some(name => name !== SETTINGS)
    } catch {
      return false // no folder: nothing was started
    }
  }

  #attempt(work: () => void): string | null {
    try {
      work()
      return null
    } catch (error) {
      return `cannot keep the state in ${this.#folder}: ${(error as Error).message}; check the folder`
    }
  }
}

/** Reads a configuration file as the daemon would; loaded by the command for the actions that need a valid file. */
import { loadConfig } from '../../ldirectord/io/load-config.js'

export interface CheckedConfig {
  /** Whether the daemon would accept the file. */
  readonly isValid: boolean
  /** The original's lines, for the log too. */
  readonly said: readonly string[]
  /** For the terminal only: every error with its place and what to write instead. */
  readonly explained: readonly string[]
}

export async function checkConfig(file: string, defaultLog: string): Promise<CheckedConfig> {
  const loaded = await loadConfig(file, { defaultLog })
  return loaded.kind === 'loaded'
    ? { isValid: true, said: loaded.warnings, explained: [] }
    : { isValid: false, said: loaded.errors, explained: loaded.explained }
}

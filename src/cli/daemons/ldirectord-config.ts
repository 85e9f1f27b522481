/** Reads a configuration file as the daemon would; loaded by the command for the actions that need a valid file. */
import { loadConfig } from '../../ldirectord/io/load-config.js'

/** The lines to print; `isValid` tells whether the daemon would accept the file. */
export async function checkConfig(
  file: string,
): Promise<{ readonly isValid: boolean; readonly stderr: readonly string[] }> {
  const loaded = await loadConfig(file)
  return loaded.kind === 'loaded'
    ? { isValid: true, stderr: loaded.warnings }
    : { isValid: false, stderr: loaded.errors }
}

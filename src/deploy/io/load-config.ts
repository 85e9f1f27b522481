/** deploy.cf from the disk: values by the package `ini`, everything else by config/read.ts. */
import ini from 'ini'
import { readSmallFile } from '../../base/io/files.js'
import { render } from '../../syntax/diagnostic.js'
import type { DeployConfig } from '../config/directives.js'
import { readConfig } from '../config/read.js'

const CONFIG_BYTES_MAX = 1024 * 1024

export interface LoadedConfig {
  readonly config: DeployConfig | null
  /** Every problem, with its place. */
  readonly said: readonly string[]
}

export function loadConfig(file: string): LoadedConfig {
  let text: string
  try {
    text = readSmallFile(file, CONFIG_BYTES_MAX).toString('utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = `${file} does not exist: write it (docs/deploy.md), or name another with -c`
    return { config: null, said: [code === 'ENOENT' ? missing : `${file}: ${message}`] }
  }
  const { config, diagnostics } = readConfig(file, text, ini.parse(text))
  return { config, said: diagnostics.map(render) }
}

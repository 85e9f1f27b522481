/** ldirectord in a network namespace, with files of its own: it is stopped, and its folder removed, with the test. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandResult } from '../../../src/base/io/run-command.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, type Owner, readText, rootsIn, run } from '../harness.js'
import { type Station, SYSTEM_ENV } from './street.js'

export interface LdirectordIn {
  readonly attempt: (...words: string[]) => Promise<CommandResult>
  readonly log: () => string
}

/** @param lead words that run a program with fewer rights, or nothing */
export function ldirectordIn(
  owner: Owner,
  host: Station,
  config: string,
  lead: readonly string[] = [],
): LdirectordIn {
  const folder = temporaryFolder(owner)
  for (const name of ['ha.d', 'lib', 'run', 'log']) mkdirSync(join(folder, name))
  const log = join(folder, 'log/ldirectord.log')
  writeFileSync(join(folder, 'ha.d/www.cf'), `logfile="${log}"\n${config}`)
  const env = {
    PATH: SYSTEM_ENV.PATH,
    ...rootsIn(folder),
  }
  const program = [process.execPath, bin('ldirectord'), 'www.cf']
  const attempt = (...words: string[]) =>
    run('nsenter', ['-t', host.pid, '-n', ...lead, ...program, ...words], { env })
  owner.teardown(() => attempt('stop'))
  return { attempt, log: () => readText(log) }
}

/**
 * Where scripts find shellfuncs and ocf-shellfuncs: those of the machine's packages where they are installed, else the
 * ones that come with this program.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ScriptSettings } from '../resources/plan/environment.js'

const PACKAGED = '/usr/lib/ocf/lib/heartbeat'

/** `bundle`: a file of dist/bin; the folders etc-ha.d and ocf lie beside dist. */
export function ownShellFunctions(haDir: string, bundle: string): ScriptSettings['shellFunctions'] & {} {
  const root = join(dirname(bundle), '..', '..')
  const shellfuncs = join(root, 'etc-ha.d', 'shellfuncs')
  const ocfFunctionsDir = join(root, 'ocf', 'lib', 'heartbeat')
  const isMissing = (packaged: string, own: string): boolean => !existsSync(packaged) && existsSync(own)
  return {
    ...(isMissing(`${haDir}/shellfuncs`, shellfuncs) && { shellfuncs }),
    ...(isMissing(`${PACKAGED}/ocf-shellfuncs`, `${ocfFunctionsDir}/ocf-shellfuncs`) && { ocfFunctionsDir }),
  }
}

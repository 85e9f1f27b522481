/**
 * Which code a resource's name means. The administrator's own script in resource.d wins, then the built-in agent,
 * then the init script. Our own launchers in resource.d count as the agent that they launch: no process is needed.
 */
import { join } from 'node:path'

/** A launcher of resource.d holds this line; see resource.d/IPaddr2. */
export const LAUNCHER_MARK = 'systole: launches the built-in resource agent'

export type FileKind = 'none' | 'launcher' | 'script'
export type Located =
  | { readonly kind: 'agent'; readonly name: string; readonly path: string }
  | { readonly kind: 'script'; readonly path: string }
  | { readonly kind: 'none' }

export interface ScriptFolders {
  readonly resourceDir: string
  readonly initDir: string
}

export function locate(
  name: string,
  folders: ScriptFolders,
  isBuiltin: (name: string) => boolean,
  look: (path: string) => FileKind,
): Located {
  // A name is one word of a folder; anything else could reach outside of it.
  if (name === '' || name.includes('/') || name.startsWith('.')) return { kind: 'none' }
  const path = join(folders.resourceDir, name)
  const found = look(path)
  if (found === 'script') return { kind: 'script', path }
  if (isBuiltin(name)) return { kind: 'agent', name, path }
  const init = join(folders.initDir, name)
  return look(init) === 'none' ? { kind: 'none' } : { kind: 'script', path: init }
}

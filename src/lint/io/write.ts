/** Writes mended files back: in one step, with the mode and owner that the file had. */
import { chmodSync, chownSync, realpathSync, statSync } from 'node:fs'
import { replaceFile } from '../../base/io/files.js'
import { AUTHKEYS_MODE } from '../../heartbeat/config/authkeys.js'

/** null: done; else why not, in one sentence. */
export function writeMended(path: string, text: string): string | null {
  try {
    // A link stays a link: the file behind it is replaced.
    const real = realpathSync(path)
    const { mode, uid, gid } = statSync(real)
    replaceFile(real, text, mode & 0o7777)
    const written = statSync(real)
    if (written.uid !== uid || written.gid !== gid) chownSync(real, uid, gid)
    if ((written.mode & 0o7777) !== (mode & 0o7777)) chmodSync(real, mode & 0o7777)
    return null
  } catch (error) {
    return `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`
  }
}

export function protectAuthkeys(path: string): string | null {
  try {
    chmodSync(path, AUTHKEYS_MODE)
    return null
  } catch (error) {
    return `the mode of ${path} cannot be changed (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`
  }
}

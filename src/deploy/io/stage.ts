/**
 * What is uploaded, as one archive beside the journal: a folder is packed, a .tar.gz is copied. The copy is what is
 * sent, to each host and again by `resume`, whatever happens to the source in between.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, createReadStream, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { runCommand } from '../../base/io/run-command.js'

const PACK_MS_MAX = 1_800_000

/** The sha-256 of the archive, or why there is none. */
export async function stage(
  source: string,
  archive: string,
): Promise<{ readonly digest: string } | { readonly why: string }> {
  mkdirSync(dirname(archive), { recursive: true, mode: 0o700 })
  let isFolder: boolean
  try {
    isFolder = statSync(source).isDirectory()
  } catch (error) {
    return { why: `source ${source}: ${(error as NodeJS.ErrnoException).code}` }
  }
  if (isFolder) {
    const packed = await runCommand('tar', ['-czf', archive, '-C', source, '.'], {
      timeoutMs: PACK_MS_MAX,
      env: environment(),
    })
    if (packed.exitCode !== 0) return { why: `tar ${source}: ${packed.spawnError ?? packed.stderr.trim()}` }
  } else copyFileSync(source, archive)
  const hash = createHash('sha256')
  for await (const piece of createReadStream(archive)) hash.update(piece as Buffer)
  return { digest: hash.digest('hex') }
}

function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' }
}

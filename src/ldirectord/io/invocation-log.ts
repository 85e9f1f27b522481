/**
 * The commands status, stop and reload log that they were called, as the original does, but without parsing the whole
 * file: the last logfile= line in it says where. What cannot be written is left out; no command fails for its log.
 */
import { appendFileSync } from 'node:fs'
import { readSmallFile } from '../../base/io/files.js'
import { ldirectordLine } from '../../log/formats.js'
import { oneLine } from '../../log/record.js'
import { CONFIG_BYTES_MAX, type Instance } from './instance.js'

function valuesOf(instance: Instance, pattern: RegExp): string[] {
  try {
    const text = readSmallFile(instance.file ?? '', CONFIG_BYTES_MAX).toString('utf8')
    return [...text.matchAll(pattern)].map(([, value]) => value!)
  } catch {
    return [] // gone or unreadable: then nothing of it can be said
  }
}

/** The instances that the file names with execute=, in its order. */
export function executeNames(instance: Instance): string[] {
  return [...new Set(valuesOf(instance, /^execute[ \t]*=[ \t]*(\S+)[ \t]*$/gm))]
}

function logOf(instance: Instance): string {
  return valuesOf(instance, /^logfile\s*=\s*"([^"]+)"/gm).at(-1) ?? instance.defaultLog
}

export async function logInvocation(
  instance: Instance,
  atMs: number,
  texts: readonly string[],
): Promise<void> {
  const log = logOf(instance)
  if (!log.startsWith('/')) {
    const { spawnSync } = await import('node:child_process')
    const input = texts.map(text => `${oneLine(text)}\n`).join('')
    const args = ['-t', `ldirectord[${process.pid}]`, '-p', `${log}.info`]
    spawnSync('logger', args, { input, stdio: ['pipe', 'ignore', 'ignore'], timeout: 2_000 })
    return
  }
  try {
    const text = texts.map(text => ldirectordLine({ atMs, level: 'info', text }, instance.name, process.pid))
    appendFileSync(log, text.join(''), { mode: 0o640 })
  } catch {
    // The folder of the log may belong to somebody else: the action matters, not the line.
  }
}

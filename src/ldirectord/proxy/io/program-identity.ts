/**
 * What tells one build of the proxy from another: Node's version and the digest of the program's files. A version number
 * would not tell two builds apart, and a program that runs outlives the file that it was read from.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { workerProgramOf } from '../core/place.js'

/** '' when the file cannot be read: then nothing can be said. */
export function programIdentity(version: string, program: string): string {
  try {
    const digest = createHash('sha256').update(readFileSync(program))
    const worker = workerProgramOf(program)
    if (existsSync(worker)) digest.update(readFileSync(worker))
    return `${version} ${digest.digest('hex')}`
  } catch {
    return '' // gone or not readable, for whatever reason
  }
}

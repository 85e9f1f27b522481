/**
 * What tells one build of the proxy from another: Node's version and the digest of the program's file. A version number
 * would not tell two builds apart, and a program that runs outlives the file that it was read from.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** '' when the file cannot be read: then nothing can be said. */
export function programIdentity(version: string, program: string): string {
  try {
    return `${version} ${createHash('sha256').update(readFileSync(program)).digest('hex')}`
  } catch {
    return '' // gone or not readable, for whatever reason
  }
}

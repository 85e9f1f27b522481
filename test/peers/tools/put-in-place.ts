/**
 * One of our commands in the place of a program of the package, for one node of the rig: mounted over the file, in that
 * node's own mount namespace. The machine's file is not touched.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { HaPair } from '../harness.js'

export async function putInPlace(pair: HaPair, node: string, path: string, command: string): Promise<void> {
  const launcher = `${pair.folder}/${basename(path)}.ours`
  // Called under the name of the program that it replaces, as a link in its place would be.
  writeFileSync(launcher, `#!/bin/sh\nexec ${process.execPath} ${command} "$@"\n`)
  chmodSync(launcher, 0o755)
  await pair.command('exec', node, 'mount', '--bind', launcher, path)
}

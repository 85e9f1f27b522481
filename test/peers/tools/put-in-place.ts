/**
 * Our commands in the place of the package's programs, for one node of the rig: a copy of the folder with links to ours,
 * as an installation has them, mounted over the folder in that node's own mount namespace. The machine's files are not
 * touched.
 */
import { basename } from 'node:path'
import { bin, type HaPair } from '../harness.js'

export async function putInPlace(
  pair: HaPair,
  node: string,
  folder: string,
  ...commands: string[]
): Promise<void> {
  const copy = `${pair.folder}/${node}.${basename(folder)}`
  const links = commands.map(command => `ln -sf ${bin(command)} ${copy}/${command}`)
  const script = ['set -e', `cp -a ${folder} ${copy}`, ...links, `mount --bind ${copy} ${folder}`].join('\n')
  await pair.command('exec', node, 'sh', '-c', script)
}

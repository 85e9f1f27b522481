/**
 * A table of 10 000 real servers in 100 services: time and processes for its first load, for reading it, and for one edit
 * of one real server. nft works in a namespace of this kernel; IPVS in a user-mode kernel, whose processes cost about six
 * times as much as here, so that its figures are of use only beside each other.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ipvsVm, type Owner, project } from '../../../test/peers/harness.js'
import { printJson, printTable } from '../../report.js'
import type { TableFigures } from '../table-figures.js'

const program = fileURLToPath(new URL('../table-figures.js', import.meta.url))
const LIMIT_MS = 120_000

function inNamespace(): TableFigures {
  const { stdout, stderr, status } = spawnSync('unshare', ['-n', process.execPath, program, 'nft'], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status !== 0) throw new Error(`nft: ${stderr}`)
  return JSON.parse(stdout) as TableFigures
}

async function inGuest(owner: Owner): Promise<TableFigures> {
  const vm = await ipvsVm(owner, '1', '--share', project)
  const words = ['exec', 'dir1', '-t', String(LIMIT_MS / 1_000), process.execPath, program, 'ipvs']
  const { stdout, stderr, exitCode } = await vm.attempt(words, LIMIT_MS + 10_000)
  if (exitCode !== 0) throw new Error(`ipvs: ${stderr}`)
  return JSON.parse(stdout) as TableFigures
}

export async function table(owner: Owner): Promise<void> {
  const figures = [inNamespace(), ...(existsSync('/usr/bin/linux.uml') ? [await inGuest(owner)] : [])]
  printTable(
    ['10 000 real servers', 'first load ms', 'processes', 'read ms', 'edit ms', 'longest', 'processes'],
    figures.map(({ name, load, read, edit }) => [
      name,
      load.ms,
      String(load.processes),
      read.ms,
      edit.ms,
      edit.longestMs,
      String(edit.processes),
    ]),
  )
  printJson('forward', { part: 'table', figures })
}

/** What a process and everything below it has used: CPU with the children that ended, memory, how many they are. */
import { readdirSync, readFileSync } from 'node:fs'

/** Fields of /proc/PID/stat after the name in parentheses; a tick is 10 ms. */
const PARENT = 1
const TIMES = [11, 12, 13, 14]
const TICKS_PER_SECOND = 100

interface Entry {
  readonly pid: number
  readonly fields: readonly string[]
}

function processes(): Entry[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    const stat = read(`/proc/${name}/stat`)
    return stat === null
      ? []
      : [{ pid: Number(name), fields: stat.slice(stat.lastIndexOf(')') + 2).split(' ') }]
  })
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

function treeOf(root: number): Entry[] {
  const all = processes()
  const tree = all.filter(entry => entry.pid === root)
  for (let at = 0; at < tree.length; at++)
    tree.push(...all.filter(entry => Number(entry.fields[PARENT]) === tree[at]!.pid))
  return tree
}

export function cpuSeconds(root: number): number {
  let ticks = 0
  for (const { fields } of treeOf(root)) for (const at of TIMES) ticks += Number(fields[at])
  return ticks / TICKS_PER_SECOND
}

/** Proportional set size, in MB. */
export function memoryMb(root: number): number {
  let kB = 0
  for (const { pid } of treeOf(root))
    kB += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0)
  return kB / 1024
}

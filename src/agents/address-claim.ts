/**
 * Loopback service addresses need no `ip` command: every machine answers on all of 127.0.0.0/8. So that `status`
 * can tell whether this node holds one, the holder leaves a file. This lets a whole cluster run unprivileged.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folderOf = (varRun: string): string => join(varRun, 'resource-agents')
const fileOf = (varRun: string, address: string): string => join(folderOf(varRun), `address-${address}`)

export function isClaimed(varRun: string, address: string): boolean {
  return existsSync(fileOf(varRun, address))
}

/** Throws the error of the system. */
export function claim(varRun: string, address: string): void {
  mkdirSync(folderOf(varRun), { recursive: true, mode: 0o755 })
  writeFileSync(fileOf(varRun, address), `${process.pid}\n`, { mode: 0o644 })
}

/** Throws the error of the system. */
export function release(varRun: string, address: string): void {
  rmSync(fileOf(varRun, address), { force: true })
}

/**
 * What an ldirectord process is to the rest of the machine, as files: the pid file names the process that has the
 * table, so that `status`, stop and foreign scripts are told the truth; beside it stands who is the warm standby and
 * whether it has the table, so that a standby that was killed while it had it goes on where it was, and not after a
 * reboot.
 */
import { readFileSync, unlinkSync } from 'node:fs'
import { replaceFile } from '../../base/io/files.js'
import { commandLine } from '../../base/io/processes.js'
import type { Role } from '../core/status.js'
import { type Instance, lookForDaemon } from './instance.js'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

export interface Standby {
  readonly pid: number
  readonly role: Role
}

/** The last standby of this boot, alive or not. */
function lastStandby(warmFile: string): Standby | null {
  try {
    const [, pid, role, boot] =
      /^(\d{1,10}) (active|warm) (\S+)\n$/.exec(readFileSync(warmFile, 'latin1')) ?? []
    return pid !== undefined && boot === bootId() ? { pid: Number(pid), role: role as Role } : null
  } catch {
    return null // there was none
  }
}

/** The warm standby that runs now. */
export function lookForStandby({ warmFile }: Pick<Instance, 'warmFile'>): Standby | null {
  const standby = lastStandby(warmFile)
  return standby !== null && commandLine(standby.pid).includes('ldirectord') ? standby : null
}

/** Whether the table belongs to a standby that ended without leaving it: the next one has it from the start. */
export function inheritsTable({ warmFile, pidFile }: Instance): boolean {
  return lastStandby(warmFile)?.role === 'active' && lookForDaemon(pidFile).state === 'stale'
}

/** Null, or why the pid file cannot be written. */
export function announcePid({ pidFile }: Instance): string | null {
  return write(pidFile, `${process.pid}\n`)
}

export function announceStandby({ warmFile }: Instance, role: Role): string | null {
  return write(warmFile, `${process.pid} ${role} ${bootId()}\n`)
}

/** Last of all: who waits for a file to go may then rely on everything else being done. */
export function withdraw(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Somebody was faster; that it is gone is all that matters.
  }
}

function write(path: string, text: string): string | null {
  try {
    replaceFile(path, text, 0o644)
    return null
  } catch (error) {
    return `cannot write ${path}: ${(error as Error).message}`
  }
}

function bootId(): string {
  try {
    return readFileSync(BOOT_ID, 'latin1').trim()
  } catch {
    return 'unknown' // a machine without it: then a standby is inherited over a reboot too
  }
}

/** The agent Filesystem: mounts at start, unmounts at stop, and says who is in the way when that fails. */
import { mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext, AgentOutcome } from './agent.js'
import {
  type FilesystemArguments,
  type Mount,
  mountAt,
  parseFilesystem,
  planFsck,
  planMount,
  readMounts,
  unmountOrder,
} from './filesystem-plan.js'
import { mountUsers, signalUsers } from './mount-users.js'
import { commandFault, failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'

const COMMAND_TIMEOUT_MS = 120_000
const FSCK_TIMEOUT_MS = 500_000
const UNMOUNT_TRIES = 6
const UNMOUNT_EVERY_MS = 1_000

const mountsNow = (): Mount[] => readMounts(readFileSync('/proc/self/mountinfo', 'utf8'))

const run = (file: string, args: readonly string[], context: AgentContext, timeoutMs = COMMAND_TIMEOUT_MS) =>
  runCommand(file, args, {
    timeoutMs,
    env: context.env,
    signal: context.signal,
    whileRunning: context.whileRunning,
  })

/** Links resolved, so that it reads as the kernel spells it. */
function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // not there yet
  }
}

/** 'block' a block device, 'other' anything that needs none, 'missing' a /dev entry that is not there. */
function deviceKind(device: string): 'block' | 'other' | 'missing' {
  if (!device.startsWith('/')) return 'other'
  try {
    return statSync(device).isBlockDevice() ? 'block' : 'other'
  } catch {
    return 'missing'
  }
}

/** Whether it is certain that another device is mounted here: only block devices can be told apart. */
function isAnother(asked: FilesystemArguments, found: Mount): boolean {
  if (deviceKind(asked.device) !== 'block' || !found.source.startsWith('/dev/')) return false
  const number = statSync(asked.device).rdev
  const numberText = `${(number >> 8) & 0xfff}:${(number & 0xff) | ((number >> 12) & 0xfff00)}`
  return found.device !== numberText && resolved(found.source) !== resolved(asked.device)
}

async function start(
  asked: FilesystemArguments,
  instance: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  const { device, directory } = asked
  context.log('INFO', instance, `Running start for ${device} on ${directory}`)
  const found = mountAt(directory, mountsNow())
  if (found && isAnother(asked, found)) {
    const sentence = `${directory} already carries ${found.source}, not ${device}: unmount it first`
    return failedWith(OCF_EXIT.generic, sentence)
  }
  if (found) {
    context.log('INFO', instance, `Filesystem ${directory} is already mounted.`)
    return succeeded
  }
  const kind = deviceKind(device)
  if (kind === 'missing') {
    return failedWith(OCF_EXIT.installed, `Couldn't find device [${device}]: check its name and its cable`)
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
  } catch (error) {
    return failedWith(OCF_EXIT.generic, `cannot make the directory ${directory}: ${(error as Error).message}`)
  }
  const fsck = planFsck(asked, kind === 'block')
  if (fsck !== null) {
    const checked = await run('fsck', fsck, context, FSCK_TIMEOUT_MS)
    // 1 and 2: errors were found and corrected (fsck(8)).
    if (checked.exitCode === null || checked.exitCode > 2) {
      return failedWith(OCF_EXIT.generic, `fsck ${device}: ${commandFault(checked)}: check it by hand`)
    }
  }
  const fault = commandFault(await run('mount', planMount(asked), context))
  if (fault === null) return succeeded
  const exitCode = /unknown filesystem type/.test(fault) ? OCF_EXIT.installed : OCF_EXIT.generic
  return failedWith(exitCode, `Couldn't mount device [${device}] as ${directory}: ${fault}`)
}

/** Unmounts one mount point within its tries; resolves with the last fault, or null. */
async function unmount(
  mountPoint: string,
  asked: FilesystemArguments,
  instance: string,
  context: AgentContext,
): Promise<string | null> {
  context.log('INFO', instance, `Trying to unmount ${mountPoint}`)
  for (let attempt = 1; ; attempt++) {
    const fault = commandFault(await run('umount', [mountPoint], context))
    if (fault === null || mountAt(mountPoint, mountsNow()) === undefined) {
      context.log('INFO', instance, `unmounted ${mountPoint} successfully`)
      return null
    }
    if (attempt === UNMOUNT_TRIES || context.signal.aborted) return fault
    if (asked.forceUnmount) {
      const signal = attempt <= UNMOUNT_TRIES / 2 ? 'SIGTERM' : 'SIGKILL'
      const users = mountUsers(mountPoint)
      for (const { pid, command } of users) {
        context.log('INFO', instance, `sending signal ${signal.slice(3)} to: ${pid} ${command}`)
      }
      signalUsers(users, signal)
    }
    await sleep(UNMOUNT_EVERY_MS)
  }
}

async function stop(
  asked: FilesystemArguments,
  instance: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  context.log('INFO', instance, `Running stop for ${asked.device} on ${asked.directory}`)
  for (const mountPoint of unmountOrder(asked.directory, mountsNow())) {
    const fault = await unmount(mountPoint, asked, instance, context)
    if (fault === null) continue
    const users = mountUsers(mountPoint).slice(0, 10)
    const names = users.map(({ pid, command }) => `${pid} (${command})`).join(', ')
    const who = names === '' ? '' : `; used by process ${names}`
    const remedy = asked.forceUnmount ? 'end what uses it' : 'end them, or add force_unmount=yes'
    return failedWith(OCF_EXIT.generic, `Couldn't unmount ${mountPoint}: ${fault}${who}: ${remedy}`)
  }
  return succeeded
}

export const filesystem = standardAgent({
  name: 'Filesystem',
  usage: '<device> <directory> [<fstype> [<options>]] [force_unmount=yes]',
  summary: 'a filesystem that is mounted where the group runs',
  argumentsMax: 5,
  parameters: [
    {
      name: 'device',
      isRequired: true,
      meaning: 'the device, -Llabel, -Uuuid, or what mount takes in its place',
    },
    { name: 'directory', isRequired: true, meaning: 'where to mount; made when it is missing' },
    { name: 'fstype', isRequired: false, meaning: 'the type, such as ext4' },
    { name: 'options', isRequired: false, meaning: 'options of mount, such as noatime' },
    {
      name: 'force_unmount',
      isRequired: false,
      default: 'no',
      meaning: 'whether stop ends the processes that use it (SIGTERM, then SIGKILL)',
    },
  ],
  check(args) {
    const parsed = parseFilesystem(args)
    return 'problem' in parsed ? failedWith(OCF_EXIT.arguments, parsed.problem) : null
  },
  async act(args, action, context) {
    const parsed = parseFilesystem(args)
    if ('problem' in parsed)
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, parsed.problem)
    // A mounted directory is not looked at: with a dead file server behind it that would hang.
    const isLiteral = mountAt(parsed.directory, mountsNow()) !== undefined
    const asked = isLiteral ? parsed : { ...parsed, directory: resolved(parsed.directory) }
    const instance = `Filesystem_${asked.device}`
    if (action === 'start') return start(asked, instance, context)
    if (action === 'stop') return stop(asked, instance, context)
    return runningIf(mountAt(asked.directory, mountsNow()) !== undefined)
  },
})

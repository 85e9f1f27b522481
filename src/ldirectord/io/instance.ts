/**
 * One ldirectord among several: the file it runs, its name, its pid file and its control socket. The name is
 * `ldirectord` when no file was given and else the last part of the file's name, with its ending; as with the
 * original, `ldirectord start` and `ldirectord ldirectord.cf start` are two instances.
 */
import { existsSync } from 'node:fs'
import { basename, isAbsolute, resolve } from 'node:path'
import { commandLine, readPidFile } from '../../base/io/processes.js'
import { pathsFrom } from '../../base/paths.js'

/** Larger files are refused: nobody writes 16 MiB of virtual services by hand. */
export const CONFIG_BYTES_MAX = 16 * 1024 * 1024

export interface Instance {
  readonly name: string
  /** The file as opened; null: none of the places holds it. */
  readonly file: string | null
  /** The file as given. */
  readonly given: string
  /** Folder of the pid file and the sockets. */
  readonly runDir: string
  readonly pidFile: string
  /** Who is the warm standby, and whether it has the table. */
  readonly warmFile: string
  readonly socket: string
  /** Who is drained; it outlives a reboot. */
  readonly drainFile: string
  /** heartbeat's own file, which says whether ldirectord may be its client. */
  readonly haCf: string
  /** Where lines go as long as the file has not said otherwise. */
  readonly defaultLog: string
}

type Environment = Readonly<Record<string, string | undefined>>

export function findInstance(config: string | null, env: Environment): Instance {
  const { haDir, varLib, varLog } = pathsFrom(env)
  const given = config ?? 'ldirectord.cf'
  const places = [`${haDir}/${given}`, `${haDir}/conf/${given}`, isAbsolute(given) ? given : resolve(given)]
  const name = config === null ? 'ldirectord' : basename(given)
  // The original spells the folder out, and messages show it; /var/run and /run are the same place.
  const runDir = env.HA_VARRUN ? pathsFrom(env).varRun : '/var/run'
  return {
    name,
    given,
    file: places.find(place => existsSync(place)) ?? null,
    runDir,
    pidFile: `${runDir}/ldirectord.${name}.pid`,
    warmFile: `${runDir}/ldirectord.${name}.warm`,
    socket: `${runDir}/ldirectord.${name}.sock`,
    drainFile: `${varLib}/ldirectord/drains.${name}.json`,
    haCf: `${haDir}/ha.cf`,
    defaultLog: `${varLog}/ldirectord.log`,
  }
}

export type Running =
  | { readonly state: 'running'; readonly pid: number }
  | { readonly state: 'stale' }
  | { readonly state: 'stopped' }

/** Running is: the pid file names a process whose command line holds the word ldirectord. */
export function lookForDaemon(pidFile: string): Running {
  if (!existsSync(pidFile)) return { state: 'stopped' }
  const pid = readPidFile(pidFile)
  if (pid !== null && commandLine(pid).includes('ldirectord')) return { state: 'running', pid }
  return { state: 'stale' }
}

/** Two instances of one file fight over one table, and who asks the one that is stopped means the one that runs. */
export function runningTwin(
  instance: Instance,
  env: Environment,
): { readonly name: string; readonly pid: number } | null {
  const twin = findInstance(instance.name === 'ldirectord' ? 'ldirectord.cf' : null, env)
  if (twin.file !== instance.file || twin.name === instance.name) return null
  const daemon = lookForDaemon(twin.pidFile)
  return daemon.state === 'running' ? { name: twin.name, pid: daemon.pid } : null
}

/** How to ask the one that runs; null: none does. */
export function twinAdvice(instance: Instance, env: Environment, action: string): string | null {
  const twin = runningTwin(instance, env)
  if (twin === null) return null
  const words = ['ldirectord', ...(twin.name === 'ldirectord' ? [] : [twin.name]), action].join(' ')
  return `instance ${twin.name} (pid ${twin.pid}) runs the same file: ask it with "${words}"`
}

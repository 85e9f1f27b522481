/**
 * `checktype=external` and `external-perl`: a program decides, by its exit status. It is run without a shell, with
 * VSERVER VPORT RSERVER RPORT behind its own arguments, and gets TERM at the deadline.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { type CommandResult, runCommand } from '../../base/io/run-command.js'
import { type Check, failed, type Outcome, type Probe, passed } from './check.js'
import { childSlots } from './child-slots.js'

export const checkExternal: Check = (probe, signal, progress) =>
  ask(probe, commandWords(probe.checkcommand), signal, progress)

/** The original compiles the file once into itself; here it runs as a process, so that an edit counts at once. */
export const checkExternalPerl: Check = (probe, signal, progress) =>
  ask(probe, ['perl', probe.checkcommand], signal, progress)

async function ask(
  probe: Probe,
  words: readonly string[],
  signal: AbortSignal,
  progress: Parameters<Check>[2],
): Promise<Outcome> {
  const [file, ...args] = words
  if (file === undefined) return failed('ERROR', 'checkcommand is empty')
  const release = await childSlots.take(signal)
  progress.reached = 'asking'
  try {
    const { virtualServer, virtualPort, realServer, realPort } = probe.external
    const result = await runCommand(
      file,
      [...args, virtualServer, String(virtualPort), realServer, String(realPort)],
      { timeoutMs: probe.timeoutMs + 1_000, signal, outputBytesMax: 4_096 },
    )
    return verdict(file, result)
  } finally {
    release()
  }
}

function verdict(file: string, result: CommandResult): Outcome {
  if (result.spawnError !== null) return failed('ERROR', `${file} cannot be run: ${result.spawnError}`)
  const said = (result.stdout.trim() || result.stderr.trim()).split('\n')[0]!.slice(0, 200)
  const tail = said === '' ? '' : `: ${said}`
  if (result.exitCode === 0) return passed(`exit status 0${tail}`)
  if (result.exitCode === null) return failed('EXIT', `ended by ${result.signal}${tail}`)
  return failed('EXIT', `exit status ${result.exitCode}${tail}`)
}

/**
 * The original takes the whole string as the name of a file, blanks included. Where there is no such file the
 * blanks separate arguments, as everybody expects.
 */
export function commandWords(checkcommand: string): string[] {
  const whole = checkcommand.trim()
  if (whole === '') return []
  return /\s/.test(whole) && !isExecutable(whole) ? whole.split(/\s+/) : [whole]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // not there, or not for us: then it is no command of that name
  }
}

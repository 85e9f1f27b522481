/** Why a daemon does not start, as an exception within the start: one sentence each and the exit code. */
import { EXIT, type ExitCode } from './configuration.js'

export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  readonly exitCode: ExitCode
  readonly reports: readonly string[]

  constructor(exitCode: ExitCode, reports: readonly string[]) {
    super(reports.join('\n'))
    this.exitCode = exitCode
    this.reports = reports
  }
}

/** `what` could not be done: the system's reason, and what to do where rights are missing. */
export function failureOf(what: string, error: NodeJS.ErrnoException): StartFailure {
  const rights = error.code === 'EACCES' || error.code === 'EPERM'
  const help = rights ? ': run heartbeat as root, or as the user that owns the folder' : ''
  return new StartFailure(rights ? EXIT.rights : EXIT.configuration, [`${what}: ${error.message}${help}`])
}

/** Turns an error of the system into a failure of the start. */
export function attempt<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw failureOf(what, error as NodeJS.ErrnoException)
  }
}

/** What the signals of a daemon mean; the original ignores INT, which a terminal sends to a daemon in its foreground. */

/** The original's limit on a stuck graceful stop. */
const STOP_MS_MAX = 3_600_000

export interface SignalHandlers {
  /** In the foreground INT stops too. */
  readonly isForeground: boolean
  /** Called once. */
  readonly onStop: () => void
  /** The graceful stop has taken longer than anybody should wait. */
  readonly onStuck: () => void
  readonly onReload: () => void
  readonly onDebug: (step: 1 | -1) => void
  /** An exception that nothing expected: a fault of the program itself. */
  readonly onFault: (error: Error) => void
}

/** Gives back how to stop listening. */
export function listenToSignals(handlers: SignalHandlers): () => void {
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    handlers.onStop()
    setTimeout(handlers.onStuck, STOP_MS_MAX).unref()
  }
  const listeners: readonly (readonly [string, (error: Error) => void])[] = [
    ['SIGTERM', stop],
    ['SIGINT', handlers.isForeground ? stop : () => {}],
    ['SIGHUP', handlers.onReload],
    ['SIGUSR1', () => handlers.onDebug(1)],
    ['SIGUSR2', () => handlers.onDebug(-1)],
    ['uncaughtException', handlers.onFault],
  ]
  for (const [name, listener] of listeners) process.on(name, listener)
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener)
  }
}

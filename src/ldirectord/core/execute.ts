/** execute=: other instances that this one starts, reloads and stops along with itself. */

export interface InstanceAction {
  /** The configuration as written, which is also what the instance is called by. */
  readonly config: string
  readonly action: 'start' | 'reload' | 'stop'
}

/** What a change of the list asks for: those that left are stopped, those that stay reloaded, new ones started. */
export function executeActions(before: readonly string[], after: readonly string[]): InstanceAction[] {
  const left = before.filter(config => !after.includes(config))
  return [
    ...left.map(config => ({ config, action: 'stop' as const })),
    ...after.map(config => ({
      config,
      action: before.includes(config) ? ('reload' as const) : ('start' as const),
    })),
  ]
}

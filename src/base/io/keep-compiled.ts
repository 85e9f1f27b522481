/**
 * V8 forgets the compiled form of functions that were not called for some collections of garbage. In a process that
 * waits for months and then has to act at once, what was compiled stays compiled.
 */
import { setFlagsFromString } from 'node:v8'

export function keepCompiled(): void {
  setFlagsFromString('--no-flush-bytecode')
}

/** How a command was called: what the small commands get of the process that runs them. */
import type { Output } from './cl-status.js'

export interface Called {
  /** As it was called: the original's scripts print it. */
  readonly program: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly output: Output
}

export const here: Called = {
  program: process.argv[1] ?? '',
  argv: process.argv.slice(2),
  env: process.env,
  output: {
    out: text => void process.stdout.write(text),
    error: text => void process.stderr.write(text),
  },
}

/** What the runner says, and what the programs print that it runs, as lines of the daemon's log. */
import type { RunnerLine } from './plan/protocol.js'
import type { Resource } from './plan/resource.js'

/** Lines of one call's output that reach the log. */
const OUTPUT_LINES_MAX = 100

export interface RunnerLogWorld {
  /** A line for the log; those of one turn of the event loop may go together. */
  readonly say: (line: RunnerLine) => void
  readonly wallMs: () => number
}

/** As the original's agents name themselves in the log: `IPaddr2(IPaddr2_10.0.0.1)`. */
export function programOf(resource: Resource): string {
  const first = resource.args[0]?.split('/')[0] ?? 'default'
  return `${resource.script}(${resource.script}_${first})`
}

export class RunnerLog {
  readonly #world: RunnerLogWorld

  constructor(world: RunnerLogWorld) {
    this.#world = world
  }

  say(program: string, level: RunnerLine['level'], text: string, pid: number = process.pid): void {
    this.#world.say({ program, level, text, atMs: this.#world.wallMs(), pid })
  }

  /** The level is that of the word in front, as agents write it. */
  sayOutput(program: string, output: string): void {
    const lines = output.split('\n').filter(line => line.trim() !== '')
    for (const line of lines.slice(0, OUTPUT_LINES_MAX)) {
      const [, word, said] = /^(INFO|WARNING|ERROR):\s*(.*)$/.exec(line) ?? []
      this.say(program, (word ?? 'info') as RunnerLine['level'], said ?? line)
    }
    const more = lines.length - OUTPUT_LINES_MAX
    if (more > 0) this.say(program, 'info', `(${more} more lines of output)`)
  }
}

/** The demo cluster as a value, for tests and benchmarks: start it, read what it says, send it Ctrl-C. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { reaper } from './reaper.js'

export interface DemoOptions {
  readonly state: string
  /** `127.N`, not the one of `npm start`, so that both can run beside each other. */
  readonly net: string
  /** The folder of the project copy to run. */
  readonly project: string
  /** Words in front of the command, such as `setpriv --reuid 65534`. */
  readonly as?: readonly string[]
}

export class DemoCluster {
  readonly options: DemoOptions
  readonly #child: ChildProcess
  #text = ''
  #exit: { readonly status: number | null } | null = null

  constructor(options: DemoOptions) {
    this.options = options
    const { state, net, project, as = [] } = options
    const words = [...as, process.execPath, `${project}/dist/bin/demo.cjs`, '--state', state, '--net', net]
    this.#child = spawn(words[0]!, words.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Out of the test's process group: should the test be ended by force, the reaper lets the demo end in order.
      detached: true,
    })
    const callOff = reaper(['kill', '-INT', String(this.#child.pid)])
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#text = (this.#text + chunk).slice(-1_000_000)
      })
    }
    this.#child.on('close', status => {
      callOff()
      this.#exit = { status }
    })
    this.#child.on('error', error => {
      callOff()
      this.#text += `\n${error.message}`
      this.#exit = { status: null }
    })
  }

  get text(): string {
    return this.#text
  }

  get url(): string {
    return `http://${this.options.net}.0.100:8080/`
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Where the text ends now: `says` looks behind such a place. */
  get mark(): number {
    return this.#text.length
  }

  /** Waits for a line behind `mark`; the match. */
  async says(pattern: RegExp, limitMs: number, mark = 0): Promise<RegExpExecArray> {
    const startedMs = performance.now()
    for (;;) {
      const match = pattern.exec(this.#text.slice(mark))
      if (match !== null) return match
      if (this.#exit !== null)
        throw new Error(`the demo ended with ${this.#exit.status} before ${pattern}:\n${this.#text}`)
      if (performance.now() - startedMs > limitMs) {
        throw new Error(`not within ${limitMs / 1000} s: ${pattern}\n${this.#text}`)
      }
      await delay(20)
    }
  }

  /** The pids behind the newest `kill -9`, and whose they are. */
  owner(): { readonly name: string; readonly pids: readonly number[] } {
    const match = [...this.#text.matchAll(/kill -9 ([\d ]+?) +# .* of (\w+)$/gm)].at(-1)
    if (match === undefined) throw new Error(`no kill line in:\n${this.#text}`)
    return { name: match[2]!, pids: match[1]!.split(' ').map(Number) }
  }

  /** Waits for the end; its exit status and how long it took. */
  async ends(limitMs: number): Promise<{ readonly status: number | null; readonly tookMs: number }> {
    const startedMs = performance.now()
    while (this.#exit === null) {
      if (performance.now() - startedMs > limitMs)
        throw new Error(`did not end within ${limitMs} ms:\n${this.#text}`)
      await delay(10)
    }
    return { status: this.#exit.status, tookMs: performance.now() - startedMs }
  }

  /** What Ctrl-C in a terminal does. */
  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  /** For teardowns: Ctrl-C, and wait. */
  async end(): Promise<void> {
    if (this.#exit !== null) return
    this.interrupt()
    await this.ends(6_000)
  }
}

/** Status and text of the service; status 0 when nobody answers. */
export async function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(1_000),
      headers: { connection: 'close' },
    })
    return { status: response.status, text: await response.text() }
  } catch {
    return { status: 0, text: '' } // refused, reset, silent: nobody answers
  }
}

/** Runs one command of ha-deploy with this process's streams, environment and signals. */
import { createInterface } from 'node:readline/promises'
import type { Call } from '../../deploy/plan/arguments.js'
import { run } from '../../deploy/run.js'

export async function runHere(call: Call): Promise<number> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  const isTerminal = process.stdout.isTTY === true
  try {
    return await run(call, {
      env: process.env,
      out: text => process.stdout.write(text),
      err: text => process.stderr.write(text),
      isTerminal,
      ask: isTerminal && process.stdin.isTTY === true ? question => ask(question, stop.signal) : null,
      stopping: stop.signal,
    })
  } catch (error) {
    process.stderr.write(`ha-deploy: internal fault: ${(error as Error).stack ?? String(error)}\n`)
    return 1
  }
}

/** An interrupt while it waits means no. */
async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`${question} [y/N] `, { signal }).catch(() => '')
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}

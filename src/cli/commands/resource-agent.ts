/** Runs a built-in agent by hand: `resource-agent NAME ARGUMENTS... ACTION`, as resource.d/NAME does. */
import { runByHand } from '../../agents/by-hand.js'
import { builtinAgents } from '../../agents/table.js'
import { pathsFrom } from '../../base/paths.js'
import type { Output } from './cl-status.js'

const DEADLINE_MS = 600_000

/** Resolves with the exit code. */
export async function resourceAgent(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  output: Output,
): Promise<number> {
  const [name, ...rest] = argv
  const agent = builtinAgents.get(name ?? '')
  if (!agent) {
    const names = [...builtinAgents.values()].map(
      known => `  ${known.name} ${known.usage}\n\t${known.summary}\n`,
    )
    output.out(`usage: resource-agent NAME ARGUMENTS... ACTION\n${names.join('')}`)
    return name === '--help' ? 0 : 1
  }
  const action = rest.at(-1) ?? ''
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const outcome = await runByHand(agent, rest.slice(0, -1), action, {
    paths: pathsFrom(env),
    env: Object.fromEntries(given),
    signal: AbortSignal.timeout(DEADLINE_MS),
    log: (level, _instance, text) => output.error(`${level}: ${text}\n`),
  })
  output.out(outcome.output)
  return outcome.exitCode
}

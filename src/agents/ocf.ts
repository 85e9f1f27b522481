/**
 * The agent OCF: runs any OCF resource agent of this machine as a resource of haresources. Its exit code decides;
 * status says it in the words that heartbeat understands.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readSmallFile } from '../base/io/files.js'
import { type CommandResult, runCommand } from '../base/io/run-command.js'
import { type Agent, type AgentContext, type AgentOutcome, SAYS, usageOutcome } from './agent.js'
import { type OcfResource, ocfEnvironment, parseOcfArguments, readAssignments } from './ocf-plan.js'
import { commandFault, failedWith, OCF_EXIT, succeeded } from './outcome.js'

const ACTIONS = ['start', 'stop', 'status', 'monitor', 'meta-data', 'validate-all', 'reload']
const TIMEOUT_MS = 590_000 // a little below the runner's deadline, so that the sentence is ours
const WATCH_TIMEOUT_MS = 55_000
const OUTPUT_BYTES_MAX = 262_144

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** The agent's file and provider. Of several providers the one called heartbeat wins, then the first by name. */
function findAgent(resource: OcfResource, ocfRoot: string): { file: string; provider: string } | null {
  const folder = join(ocfRoot, 'resource.d')
  let providers: string[]
  try {
    providers = resource.provider === null ? readdirSync(folder).toSorted() : [resource.provider]
  } catch {
    return null // no such folder: no OCF agents are installed
  }
  const ordered = ['heartbeat', ...providers].filter(
    name => providers.includes(name) && !name.startsWith('.'),
  )
  for (const provider of ordered) {
    const file = join(folder, provider, resource.type)
    if (isProgram(file)) return { file, provider }
  }
  return null
}

function parametersOf(resource: OcfResource, context: AgentContext): OcfResource | { problem: string } {
  if (resource.file === null) return resource
  const file = join(context.paths.haDir, resource.file)
  let text: string
  try {
    text = readSmallFile(file, 65_536).toString('utf8')
  } catch (error) {
    return { problem: `OCF cannot read ${file}: ${(error as Error).message}; it holds name=value lines` }
  }
  const assignments = readAssignments(text)
  return 'problem' in assignments
    ? { problem: `${file}: ${assignments.problem}` }
    : { ...resource, assignments }
}

/** The words of status, without the name of the resource: "OK" in a name would count as running. */
function statusOf(result: CommandResult, resource: OcfResource): AgentOutcome {
  const exitCode = result.exitCode ?? OCF_EXIT.generic
  if (exitCode === 0)
    return { exitCode, output: `OCF Resource ${resource.type}::${resource.instance} is running\n` }
  return { exitCode, output: SAYS.stopped }
}

async function perform(
  program: { file: string; provider: string },
  resource: OcfResource,
  action: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  const isWatching = action === 'status' || action === 'monitor'
  const call = (word: string): Promise<CommandResult> =>
    runCommand(program.file, [word], {
      timeoutMs: isWatching ? WATCH_TIMEOUT_MS : TIMEOUT_MS,
      env: {
        ...context.env,
        ...ocfEnvironment(resource, program.provider, resource.assignments, rootOf(context)),
        ...(isWatching && { OCF_STATUS_QOS: action === 'status' ? '0' : '10' }),
      },
      cwd: '/',
      signal: context.signal,
      whileRunning: context.whileRunning,
      outputBytesMax: OUTPUT_BYTES_MAX,
    })
  // OCF demands monitor; status is what the oldest agents had instead.
  const first = await call(isWatching ? 'monitor' : action)
  const result = isWatching && first.exitCode === 3 ? await call('status') : first
  const fault = commandFault(result)
  if (fault !== null && (result.exitCode === null || result.timedOut)) {
    return failedWith(OCF_EXIT.generic, `OCF agent ${program.file} ${action}: ${fault}`)
  }
  const output = result.stdout + result.stderr
  if (action === 'meta-data') return { exitCode: result.exitCode ?? 0, output: result.stdout }
  if (isWatching) return statusOf(result, resource)
  if (fault === null) return { exitCode: 0, output: output + SAYS.success }
  return { exitCode: result.exitCode ?? OCF_EXIT.generic, output: `${output}ERROR:  OCF agent ${program.file} ${action} answered ${result.exitCode}: ${fault}\n` } // biome-ignore format: one sentence
}

const rootOf = (context: AgentContext): string => context.env.OCF_ROOT ?? '/usr/lib/ocf'

export const ocf: Agent = {
  name: 'OCF',
  usage: '[PROVIDER:]TYPE (INSTANCE | NAME=VALUE ...) (start|stop|status|monitor|meta-data|validate-all)',
  summary: 'any OCF resource agent of this machine',
  async run(args, action, context) {
    if (action === 'usage') return { ...usageOutcome(ocf), exitCode: OCF_EXIT.success }
    if (action === 'meta-data' && args.length === 1) return this.run([...args, 'meta=data'], action, context)
    if (args.length < 2) return usageOutcome(ocf)
    if (!ACTIONS.includes(action)) return usageOutcome(ocf, action)
    const parsed = parseOcfArguments(args)
    if ('problem' in parsed) {
      // What start could not read was never started.
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.configured, parsed.problem)
    }
    const program = findAgent(parsed, rootOf(context))
    if (program === null) {
      const where = join(rootOf(context), 'resource.d', parsed.provider ?? '*', parsed.type)
      return failedWith(OCF_EXIT.installed, `there is no OCF agent ${where}: install it, or correct the name`)
    }
    const resource = parametersOf(parsed, context)
    if ('problem' in resource) return failedWith(OCF_EXIT.configured, resource.problem)
    return perform(program, resource, action, context)
  },
}

/**
 * hb_standby and hb_takeover: one word, one message into the FIFO. Exit codes and texts are the original's; where its
 * scripts block or leave a file behind because no daemon runs, these say so and exit 1.
 */
import { pathsFrom } from '../../base/paths.js'
import { writeToFifo } from '../../heartbeat/io/fifo-write.js'
import { Message } from '../../heartbeat/wire/message.js'
import type { Output } from './cl-status.js'

export interface MoveCommand {
  readonly name: string
  readonly summary: string
  readonly says: string
  readonly messageType: string
  /** What the word failback stands for in the message, and in words. */
  readonly failback: readonly [string, string]
  /** Fields behind the class of resources. */
  readonly more: readonly (readonly [string, string])[]
}

export const HB_STANDBY: MoveCommand = {
  name: 'hb_standby',
  summary: 'gives the resources of this node to the peer',
  says: 'Going standby',
  messageType: 'ask_resources',
  failback: ['foreign', 'the same as foreign'],
  more: [['info', 'me']],
}

export const HB_TAKEOVER: MoveCommand = {
  name: 'hb_takeover',
  summary: 'takes resources from the peer, which is asked to give them',
  says: 'Asking for takeover of',
  messageType: 'hb_takeover',
  // heartbeat 3.0.6 passes the word on, and the node that hears it gives everything.
  failback: ['failback', 'every resource, as in heartbeat 3.0.6'],
  more: [],
}

const CLASSES = ['all', 'foreign', 'local', 'failback']

/** Returns the exit code. `program` is the command as it was called. */
export function askForMove(
  command: MoveCommand,
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  output: Output,
): number {
  const usage = `usage:\n${program} [all|foreign|local|failback]\n`
  const [wanted = 'all', ...extra] = argv
  if (wanted === '--help' || wanted === '-h') {
    const words =
      'all       every resource (what is meant without an argument)\n' +
      'local     those whose preferred owner is this node\n' +
      'foreign   those whose preferred owner is the other node\n' +
      `failback  ${command.failback[1]}\n`
    output.out(`${command.name} ${command.summary}\n${usage}${words}`)
    return 1
  }
  if (extra.length > 0 || !CLASSES.includes(wanted)) {
    const complaint = extra.length > 0 ? '' : `${program}: wrong resources(${wanted}).\n`
    output.out(`${complaint}${usage}`)
    return 1
  }
  const resourceClass = wanted === 'failback' ? command.failback[0] : wanted
  const message = Message.of(['t', command.messageType], ['rsc_hold', resourceClass], ...command.more)
  const problem = writeToFifo(`${pathsFrom(env).varLib}/fifo`, message)
  if (problem !== null) {
    output.error(`${command.name}: ${problem}\n`)
    return 1
  }
  output.out(`${command.says} [${resourceClass}].\n`)
  return 0
}

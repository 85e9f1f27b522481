/**
 * The commands that say one thing to the cluster: hb_standby, hb_takeover, hb_addnode, hb_delnode, hb_setweight,
 * hb_setsite. Each is a row here: which words it takes, which message it puts into the FIFO. Texts, streams and exit
 * codes are the original's; where its scripts block or leave a file behind because no daemon runs, these say so and
 * exit 1.
 */
import { pathsFrom } from '../../base/paths.js'
import { writeToFifo } from '../../heartbeat/io/fifo-write.js'
import { Message } from '../../heartbeat/wire/message.js'
import type { Called } from './here.js'
import { scriptLog } from './script-log.js'

type Pairs = readonly (readonly [string, string])[]
/** What to say, and the line that goes to the log with it; or what is wrong with the words. */
type Reading = { readonly message: Pairs; readonly log?: string } | { readonly wrong: string }

interface Command {
  /** What follows `usage:`; `program` is the command as it was called. */
  readonly usage: (program: string) => UsageText
  /** For --help, behind the usage. */
  readonly help: string
  readonly read: (argv: readonly string[]) => Reading
}

/** The original prints the two halves to different streams. */
interface UsageText {
  readonly out: string
  readonly error: string
}

const CLASSES = ['all', 'foreign', 'local', 'failback']
const CLASSES_HELP = `all       every resource (what is meant without an argument)
local     those whose preferred owner is this node
foreign   those whose preferred owner is the other node
`
const classUsage: Command['usage'] = program => ({
  out: 'usage:\n',
  error: `${program} [all|foreign|local|failback]\n`,
})

/** hb_standby and hb_takeover take one word: the class of resources. */
function classOf(argv: readonly string[]): { readonly class: string } | { readonly wrong: string } {
  const [wanted = 'all', ...extra] = argv
  if (extra.length > 0) return { wrong: 'too many arguments' }
  if (!CLASSES.includes(wanted)) return { wrong: `wrong resources(${wanted}).` }
  return { class: wanted }
}

const oneLineUsage =
  (text: string): Command['usage'] =>
  () => ({ out: `usage: ${text}\n`, error: '' })

const nodeListCommand = (name: string, type: string, help: string): Command => ({
  usage: oneLineUsage(`${name} <node> <node> ...`),
  help,
  read: argv => (argv.length === 0 ? { wrong: '' } : { message: [['t', type], ['nodelist', argv.join(' ')]] }), // biome-ignore format: pairs
})

const settingCommand = (name: string, type: string, field: string, help: string): Command => ({
  usage: oneLineUsage(`${name} <node> <${field}>`),
  help,
  read: ([node, value = '']) =>
    node === undefined ? { wrong: '' } : { message: [['t', type], ['node', node], [field, value]] }, // biome-ignore format: pairs
})

const COMMANDS = {
  hb_standby: {
    usage: classUsage,
    help: `Gives resources of this node to the peer.\n${CLASSES_HELP}failback  the same as foreign\n`,
    read: argv => {
      const read = classOf(argv)
      if ('wrong' in read) return read
      const held = read.class === 'failback' ? 'foreign' : read.class
      const message: Pairs = [['t', 'ask_resources'], ['rsc_hold', held], ['info', 'me']] // biome-ignore format: pairs
      return { message, log: `Going standby [${held}].` }
    },
  },
  hb_takeover: {
    usage: classUsage,
    help: `Takes resources from the peer, which is asked to give them.\n${CLASSES_HELP}failback  every resource, as in heartbeat 3.0.6\n`,
    read: argv => {
      const read = classOf(argv)
      return 'wrong' in read ? read : { message: [['t', 'hb_takeover'], ['rsc_hold', read.class]] } // biome-ignore format: pairs
    },
  },
  hb_addnode: nodeListCommand('hb_addnode', 'addnode', 'Adds nodes to the running cluster.\n'),
  hb_delnode: nodeListCommand(
    'hb_delnode',
    'delnode',
    'Takes dead nodes out of the running cluster, while all others are there.\n',
  ),
  hb_setweight: settingCommand(
    'hb_setweight',
    'setweight',
    'weight',
    'Sets the weight of a node, a number: what ccm counts where it decides about quorum.\n',
  ),
  hb_setsite: settingCommand('hb_setsite', 'setsite', 'site', 'Sets the name of the site of a node.\n'),
} as const satisfies Readonly<Record<string, Command>>

export type CommandName = keyof typeof COMMANDS

/** A line end would begin another field of the message. */
const UNSAYABLE = /[\n\0]/

/** Returns the exit code. */
export function tellCluster(name: CommandName, { program, argv, env, output }: Called): number {
  const command: Command = COMMANDS[name]
  const usage = (): 1 => {
    const { out, error } = command.usage(program)
    output.out(out)
    if (error !== '') output.error(error)
    return 1
  }
  if (argv[0] === '--help' || argv[0] === '-h') {
    usage()
    output.out(command.help)
    return 1
  }
  if (argv.some(word => UNSAYABLE.test(word))) {
    output.error(`${name}: wants words without line ends\n`)
    return 1
  }
  const read = command.read(argv)
  if ('wrong' in read) {
    if (read.wrong !== '') output.out(`${program}: ${read.wrong}\n`)
    return usage()
  }
  const problem = writeToFifo(`${pathsFrom(env).varLib}/fifo`, Message.of(...read.message))
  if (problem !== null) {
    output.error(`${name}: ${problem}\n`)
    return 1
  }
  if (read.log !== undefined) scriptLog(name, env, output.error)(read.log)
  return 0
}

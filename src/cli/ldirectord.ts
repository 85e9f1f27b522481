/**
 * The command `ldirectord [-d] [--] [CONFIG] ACTION`: its words and its help. It holds nothing of the daemon itself;
 * stopping and asking need no valid file. What not every action needs is loaded by the actions that do, so that
 * `status`, which others call every few seconds, starts as fast as node does.
 */
import { createRequire } from 'node:module'
import { findInstance } from '../ldirectord/io/instance.js'
import { DIRECTOR_VERSION } from '../ldirectord/log-lines.js'
import { ACTIONS, perform } from './commands/ldirectord.js'

const USAGE = `Usage:
    ldirectord [-d|--debug] [--] [CONFIG] start | stop | restart |
    try-restart | reload | force-reload | status [--json] [--watch]

    ldirectord [CONFIG] warm
    ldirectord [CONFIG] drain REAL [--virtual VIRTUAL] [--reason TEXT] [--for TIME | --until TIME]
                              [--weight N] [--wait[=SECONDS]]
    ldirectord [CONFIG] undrain REAL [--virtual VIRTUAL] | drained [REAL] | plan | check [--digest]

    ldirectord [-h|-?|--help|-v|--version]

CONFIG is looked for as $HA_DIR/CONFIG, $HA_DIR/conf/CONFIG (HA_DIR: /etc/ha.d) and as it is;
without it ldirectord.cf is used.

    start         check the file and start the daemon
    stop          tell the daemon to end (as signal TERM does); needs no valid file
    restart       stop, wait until it has ended, start
    try-restart   restart if it runs, else nothing
    reload        have the daemon read its file again (as signal HUP does); also force-reload
    status        say whether it runs: exit 0 running, 1 stale pid file, 2 faulty file, 3 stopped;
                  with --json print the state of every virtual service and real server,
                  with --watch print it as a table each second
    warm          check, and leave the table alone until start and after stop; stays in the foreground
                  (ha.cf: respawn root ldirectord CONFIG warm)
    drain         take a real server out of service: weight 0, whatever checks, reloads, restarts and
                  takeovers say, until undrain or TIME (--for 30m, 2h, 1d, --until a date too);
                  --wait: until nobody uses it; --weight: no more than N instead, while its checks pass
    undrain       end that
    drained       who is drained, by whom, why, since when, and what is left
    plan          what a start or reload would change in the table; changes nothing
    check         run every check once and print its result and time: exit 0 all passed, 1 not;
                  with --digest also the MD5 and SHA-256 of each answer, for receivedigest=

    -d, --debug   stay in the foreground and log to the standard error
    --foreground  stay in the foreground, otherwise as usual (for systemd)
`
const VERSION = `ldirectord of Systole, compatible with Linux Director ${DIRECTOR_VERSION}\n`
/** Actions that the original does not have. */
const OWN_ACTIONS = ['drain', 'undrain', 'drained', 'plan', 'check'] as const
type OwnAction = (typeof OWN_ACTIONS)[number]

type Parsed =
  | { readonly show: 'help' | 'version' | 'usage' }
  | {
      readonly debug: boolean
      readonly foreground: boolean
      readonly json: boolean
      readonly watch: boolean
      readonly args: readonly string[]
    }

/** Options stand before the arguments and may be bundled; --json and --watch may stand anywhere. */
function parseArguments(argv: readonly string[]): Parsed {
  const json = argv.includes('--json')
  const watch = argv.includes('--watch')
  const words = argv.filter(word => word !== '--json' && word !== '--watch')
  let debug = false
  let foreground = false
  while (words[0]?.startsWith('-') && words[0] !== '-') {
    const word = words.shift()!
    if (word === '--') break
    const letters = word.startsWith('--') ? [word] : [...word.slice(1)].map(letter => `-${letter}`)
    for (const letter of letters) {
      if (letter === '-d' || letter === '--debug') debug = true
      else if (letter === '--foreground') foreground = true
      else if (letter === '-h' || letter === '-?' || letter === '--help') return { show: 'help' }
      else if (letter === '-v' || letter === '--version') return { show: 'version' }
      else return { show: 'usage' }
    }
  }
  return { debug, foreground, json, watch, args: words }
}

const load = createRequire(import.meta.url)

export async function run(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv)
  if ('show' in parsed) {
    process.stdout.write(parsed.show === 'version' ? VERSION : USAGE)
    return parsed.show === 'usage' ? 255 : 0
  }
  const { args } = parsed
  const action = ACTIONS.find(name => name === (args.length > 1 ? args[1] : args[0]))
  if (action === undefined) return performOwn(args, parsed.json)
  const config = args.length > 1 ? args[0]! : null
  const instance = findInstance(config, process.env)
  return perform({ ...parsed, action, config, instance })
}

/** As with the actions of the original, one word in front of the action is the file. */
function performOwn(args: readonly string[], json: boolean): Promise<number> | number {
  const isOwn = (word: string | undefined): boolean => OWN_ACTIONS.some(name => name === word)
  const place = isOwn(args[0]) ? 0 : isOwn(args[1]) ? 1 : -1
  if (place < 0) {
    process.stdout.write(USAGE)
    return 255
  }
  const action = args[place] as OwnAction
  const instance = findInstance(place === 0 ? null : args[0]!, process.env)
  if (action === 'plan' || action === 'check') {
    const module: typeof import('./daemons/ldirectord-look.js') = load('./ldirectord-look.cjs')
    const digest = args[place + 1] === '--digest'
    return module.look({ action, instance, json, digest })
  }
  const module: typeof import('./daemons/ldirectord-ask.js') = load('./ldirectord-ask.cjs')
  return module.ask({ action, instance, json, rest: args.slice(place + 1) })
}

void run(process.argv.slice(2)).then(status => {
  process.exitCode = status
})

/**
 * The command `ldirectord [-d] [--] [CONFIG] ACTION`. It talks to a running daemon by its pid file and signals and
 * holds nothing of the daemon itself; stopping and asking need no valid file. What not every action needs is loaded
 * by the actions that do, so that `status`, which others call every few seconds, starts as fast as node does.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findInstance, type Instance, lookForDaemon } from '../ldirectord/io/instance.js'
import { logInvocation } from '../ldirectord/io/invocation-log.js'
import type { StartReport } from '../ldirectord/io/start-daemon.js'
import * as lines from '../ldirectord/log-lines.js'

const USAGE = `Usage:
    ldirectord [-d|--debug] [--] [CONFIG] start | stop | restart |
    try-restart | reload | force-reload | status [--json] [--watch]

    ldirectord [CONFIG] drain REAL [--virtual VIRTUAL] [--reason TEXT] [--until TIME] [--wait[=SECONDS]]
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
    drain         take a real server out of service: weight 0, whatever checks, reloads and restarts
                  say, until undrain or TIME (30m, 2h, 1d or a date); --wait: until nobody uses it
    undrain       end that
    drained       who is drained, by whom, why, since when, and what is left
    plan          what a start or reload would change in the table; changes nothing
    check         run every check once and print its result and time: exit 0 all passed, 1 not;
                  with --digest also the MD5 and SHA-256 of each answer, for receivedigest=

    -d, --debug   stay in the foreground and log to the standard error
`
const VERSION = `ldirectord of Systole, compatible with Linux Director ${lines.DIRECTOR_VERSION}\n`
const ACTIONS = ['start', 'stop', 'restart', 'try-restart', 'reload', 'force-reload', 'status'] as const
type Action = (typeof ACTIONS)[number]
/** Actions that the original does not have. */
const OWN_ACTIONS = ['drain', 'undrain', 'drained', 'plan', 'check'] as const
type OwnAction = (typeof OWN_ACTIONS)[number]

const RESTART_MS_MAX = 60_000

interface Call {
  readonly action: Action
  /** null: none given, and the instance is called ldirectord. */
  readonly config: string | null
  readonly debug: boolean
  readonly json: boolean
  readonly watch: boolean
  readonly args: readonly string[]
  readonly instance: Instance
}

type Parsed =
  | { readonly show: 'help' | 'version' | 'usage' }
  | {
      readonly debug: boolean
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
  while (words[0]?.startsWith('-') && words[0] !== '-') {
    const word = words.shift()!
    if (word === '--') break
    const letters = word.startsWith('--') ? [word] : [...word.slice(1)].map(letter => `-${letter}`)
    for (const letter of letters) {
      if (letter === '-d' || letter === '--debug') debug = true
      else if (letter === '-h' || letter === '-?' || letter === '--help') return { show: 'help' }
      else if (letter === '-v' || letter === '--version') return { show: 'version' }
      else return { show: 'usage' }
    }
  }
  return { debug, json, watch, args: words }
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)
const here = dirname(fileURLToPath(import.meta.url))
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
  return asker().ask({ action, instance, json, rest: args.slice(place + 1) })
}

function asker(): typeof import('./daemons/ldirectord-ask.js') {
  return load('./ldirectord-ask.cjs')
}

function perform(call: Call): Promise<number> {
  switch (call.action) {
    case 'start':
      return start(call)
    case 'stop':
      return stop(call)
    case 'restart':
      return restart(call)
    case 'try-restart':
      return lookForDaemon(call.instance.pidFile).state === 'running' ? restart(call) : tryNothing(call)
    case 'reload':
    case 'force-reload':
      return reload(call)
    case 'status':
      return status(call)
  }
}

const invoked = ({ args }: Call): string => lines.invoking(process.argv[1] ?? 'ldirectord', args)

async function logged(call: Call, texts: readonly string[]): Promise<void> {
  await logInvocation(call.instance, Date.now(), [invoked(call), ...texts])
}

/** Exit status of a file that is missing (1) or faulty (2), with its messages; null when it is valid. */
async function refusal(call: Call): Promise<number | null> {
  const { file, given } = call.instance
  if (file === null) {
    complain(`Config file ${given} not found`)
    await logged(call, [`Config file ${given} not found`, lines.exiting(1, 'Initialisation Error')])
    return 1
  }
  const module: typeof import('./daemons/ldirectord-config.js') = load('./ldirectord-config.cjs')
  const { isValid, said, explained } = await module.checkConfig(file, call.instance.defaultLog)
  for (const line of [...said, ...explained]) complain(line)
  if (isValid) return null
  await logged(call, [...said, lines.exiting(2, 'config_error: Configuration Error')])
  return 2
}

async function start(call: Call): Promise<number> {
  if (call.debug) return foreground(call, 'debug')
  const report = await startInBackground(call)
  switch (report.kind) {
    case 'running':
      return 0
    case 'foreground':
      return foreground(call, 'foreground')
    case 'ended':
      for (const line of report.stderr) complain(line)
      if (report.status !== 0 && call.instance.file === null)
        await logged(call, [...report.stderr, lines.exiting(report.status, 'Initialisation Error')])
      return report.status
  }
}

function foreground(call: Call, mode: 'foreground' | 'debug'): Promise<number> {
  const module: typeof import('./daemons/ldirectord-foreground.js') = load('./ldirectord-foreground.cjs')
  return module.runForeground({
    mode,
    config: call.config,
    program: process.argv[1] ?? 'ldirectord',
    args: call.args,
  })
}

/** Waits only until the daemon has accepted its file and written its pid file; the table follows by itself. */
async function startInBackground({ args }: Call): Promise<StartReport> {
  const { startDaemon } = await import('../ldirectord/io/start-daemon.js')
  return startDaemon(join(here, 'ldirectord-daemon.cjs'), args.slice(0, 2), process.argv[1] ?? 'ldirectord')
}

async function stop(call: Call): Promise<number> {
  const daemon = lookForDaemon(call.instance.pidFile)
  if (daemon.state !== 'running' && call.instance.file === null) return (await refusal(call))!
  await logged(call, [])
  if (daemon.state === 'running') process.kill(daemon.pid, 'SIGTERM')
  return 0
}

async function restart(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused !== null) return refused
  const { pidFile } = call.instance
  const daemon = lookForDaemon(pidFile)
  if (daemon.state === 'running') {
    process.kill(daemon.pid, 'SIGTERM')
    const untilMs = Date.now() + RESTART_MS_MAX
    while (existsSync(pidFile)) {
      if (Date.now() > untilMs) {
        complain(
          `ldirectord (pid ${daemon.pid}) did not end within ${RESTART_MS_MAX / 1000} s; not started again`,
        )
        return 1
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  return start(call)
}

async function tryNothing(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused === null) await logged(call, [])
  return refused ?? 0
}

async function reload(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused !== null) return refused
  const { file, pidFile } = call.instance
  const daemon = lookForDaemon(pidFile)
  if (daemon.state !== 'running') {
    await logged(call, [
      `ldirectord is stopped for ${file}`,
      lines.exiting(1, `Exiting from ldirectord ${call.action}`),
    ])
    return 1
  }
  await logged(call, [])
  process.kill(daemon.pid, 'SIGHUP')
  return 0
}

async function status(call: Call): Promise<number> {
  const { file, given, pidFile, socket } = call.instance
  const daemon = lookForDaemon(pidFile)
  if (daemon.state === 'running') {
    if (call.watch)
      return asker().ask({ action: 'watch', instance: call.instance, json: call.json, rest: [] })
    const text = `ldirectord for ${file ?? given} is running with pid: ${daemon.pid}`
    if (call.json) {
      const { askControl } = await import('../ldirectord/io/control-socket.js')
      const record = await askControl(socket, 'status')
      if (record === null) complain(`ldirectord (pid ${daemon.pid}) does not answer on ${socket}`)
      else process.stdout.write(record)
      return record === null ? 1 : 0
    }
    // The original writes to the standard error alone; heartbeat reads the standard output.
    complain(text)
    say(text)
    await logged(call, [text, 'Exiting from ldirectord status'])
    return 0
  }
  const refused = await refusal(call)
  if (refused !== null) return refused
  say(`ldirectord is stopped for ${file}`)
  const code = daemon.state === 'stale' ? 1 : 3
  const stale = `ldirectord stale pid file ${pidFile} for ${file}`
  if (daemon.state === 'stale') complain(stale)
  await logged(call, [
    ...(daemon.state === 'stale' ? [stale] : []),
    lines.exiting(code, 'Exiting from ldirectord status'),
  ])
  return code
}

void run(process.argv.slice(2)).then(status => {
  process.exitCode = status
})

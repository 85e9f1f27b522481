/**
 * The command heartbeat: starts the daemon, asks for it, stops it. It holds nothing of the daemon itself, so that
 * asking is fast. Texts and exit codes are heartbeat 3.0.6's.
 */
import { hostname } from 'node:os'
import { type Paths, pathsFrom } from '../../base/paths.js'
import type { HaCf } from '../../heartbeat/config/ha-cf-table.js'
import type { Configuration } from '../../heartbeat/io/configuration.js'
import { nodeName } from '../../heartbeat/io/node-name.js'
import { type Running, whoRuns } from '../../heartbeat/io/pid-file.js'
import { VERSION } from '../../heartbeat/version.js'
import { haLogLine } from '../../log/formats.js'
import type { Level } from '../../log/record.js'
import { nearest } from '../../syntax/nearest.js'
import { type Flags, parseFlags } from './heartbeat-flags.js'
import { appendTo } from './script-log.js'

export interface HeartbeatWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  /** As the command was called. */
  readonly program: string
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Starts the daemon in the background; resolves with the exit code once it works or has refused. */
  readonly startInBackground: (argv: readonly string[]) => Promise<number>
  /** Turns this process into the daemon; it ends by itself. */
  readonly becomeDaemon: () => void
  /** Turns this process into `heartbeat status`. */
  readonly becomeStatus: () => void
  readonly tables: () => { defaultsTable: () => string; defaultsWiki: () => string }
}

const USAGE =
  '\nUsage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]\n\t-C only valid with -R\n\t-r is mutually exclusive with -R\n'

const HELP = `Usage: heartbeat [-f] [-d] [-l] [-M]    start the daemon: in the background, or with -f in the foreground
       heartbeat -s                      say whether it runs: exit 0 running, 1 stale pid file, 3 stopped
       heartbeat -k                      stop it in good order and wait until it has ended
       heartbeat -r                      have it read its files again; start it if it is stopped
       heartbeat -R                      have it begin anew with its files; its resources stay as they are
       heartbeat status [--json|--watch] nodes, links, who holds what, the last decisions and their reasons
       heartbeat -V                      version          heartbeat -D [-W]   directives with their defaults

    -d   debug lines in debugfile (again: more)      -l   no realtime scheduling
    -M   do not manage resources                     -v, -C STATE   accepted for old scripts

HA_DIR (/etc/ha.d), HA_VARLIB (/var/lib/heartbeat), HA_VARRUN (/run) and HA_VARLOG (/var/log) move its folders;
HA_LISTEN names own addresses that the interfaces do not tell, such as 127.77.0.1.
`

const POLL_MS = 100
const RESOURCE_STATES = ['none', 'local', 'foreign', 'all']

const NO_RIGHTS = 4
const NOT_READ_AGAIN = 1
const NOT_RUNNING = 6

/** Resolves with the exit code; null when this process has become the daemon. */
export async function heartbeat(argv: readonly string[], world: HeartbeatWorld): Promise<number | null> {
  if (argv[0] === 'status') {
    world.becomeStatus()
    return null
  }
  if (argv.includes('--help')) {
    world.out(HELP)
    return 0
  }
  const flags = parseFlags(argv)
  const call: Call = { flags, argv, world, paths: pathsFrom(world.env), say: say(world) }
  const wrong = refusal(call)
  if (wrong !== null) return wrong
  if (flags.letters.has('V')) {
    world.out(`${VERSION}\n`)
    return 0
  }
  if (flags.letters.has('D')) {
    const tables = world.tables()
    world.out(flags.letters.has('W') ? tables.defaultsWiki() : tables.defaultsTable())
    return 0
  }
  const running = whoRuns(call.paths.varRun)
  if (flags.letters.has('k')) return stop(call, running)
  if (flags.letters.has('s')) return status(call, running)
  if (flags.letters.has('R')) return restart(call, running)
  if (flags.letters.has('r') && running.state === 'running') return readAgain(call, running.pid)
  const misunderstood = strayWord(call)
  if (misunderstood !== null) return misunderstood
  if (flags.letters.has('f')) {
    world.becomeDaemon()
    return null
  }
  return world.startInBackground(argv)
}

interface Call {
  readonly flags: Flags
  readonly argv: readonly string[]
  readonly world: HeartbeatWorld
  readonly paths: Paths
  readonly say: (level: Level, text: string) => void
}

const say =
  (world: HeartbeatWorld): Call['say'] =>
  (level, text) =>
    world.error(haLogLine({ atMs: Date.now(), level, text }, hostname(), process.pid))

/** null when the options make sense together. What -R is given besides is judged when it is known who runs. */
function refusal({ flags, world, say }: Call): number | null {
  const { letters, held, faults } = flags
  for (const fault of faults) world.error(`${world.program}: ${fault}\n`)
  const isAlone = letters.has('C') && !letters.has('R')
  if (isAlone && isUnknownState(held)) say('ERROR', `encode_resources: bad resource type [${held}]`)
  if (faults.length === 0 && !isAlone) return null
  world.error(USAGE)
  return 2
}

/** null when there is none. The original starts whatever the word is, be it `stop` or a mistyped `status`. */
function strayWord({ flags, world }: Call): number | null {
  const [word] = flags.words
  if (word === undefined) return null
  const meant = nearest(word, ['status']) === null ? '.' : '; did you mean "status"?'
  world.error(
    `heartbeat: options or the word status are wanted; found "${word}"${meant} Nothing was started.\n`,
  )
  world.error(USAGE)
  return 2
}

const isUnknownState = (held: string | null): boolean => held !== null && !RESOURCE_STATES.includes(held)

function status({ world, paths }: Call, running: Running): number {
  const name = world.program.slice(world.program.lastIndexOf('/') + 1).replace(/\.cjs$/, '')
  if (running.state !== 'running') {
    world.out(`${name} is stopped. No process\n`)
    return running.state === 'stale' ? 1 : 3
  }
  const where = `${hostname()} [${nodeName(paths.haDir)}]`
  world.out(`${name} OK [pid ${running.pid} et al] is running on ${where}...\n`)
  return 0
}

/** Sends a signal; false, with a sentence, when we may not. */
function signal({ world }: Call, pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return true // it ended in this moment
    world.error(`heartbeat: only root or the user of process ${pid} may signal it\n`)
    return false
  }
  return true
}

async function stop(call: Call, running: Running): Promise<number> {
  if (running.state !== 'running') {
    call.world.error('INFO: Heartbeat already stopped.\n')
    return 0
  }
  if (!signal(call, running.pid, 'SIGTERM')) return NO_RIGHTS
  for (;;) {
    const now = whoRuns(call.paths.varRun)
    if (now.state !== 'running' || now.pid !== running.pid) return 0
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/**
 * The original's own step of a reload, which refuses everybody else. What is held the daemon knows itself, so a -C that
 * makes sense adds nothing.
 */
async function restart(call: Call, running: Running): Promise<number> {
  const { letters, held } = call.flags
  if (running.state !== 'running') {
    const judged = await judgeFiles(call, null)
    if (typeof judged === 'number') return NOT_READ_AGAIN
    call.world.error('ERROR: heartbeat is not running.\n')
    return NOT_RUNNING
  }
  if (letters.has('r') || isUnknownState(held)) {
    call.world.error(`ERROR: Heartbeat already running [pid ${running.pid}].\n`)
    return NOT_READ_AGAIN
  }
  const judged = await judgeFiles(call, running.pid)
  if (typeof judged === 'number') return judged
  const { askControl } = await import('../../heartbeat/io/control-client.js')
  const failure = await askControl(call.paths.varRun, 'restart', () => {})
  if (failure === null) return 0
  call.world.error(`heartbeat: process ${running.pid} does not take the wish: ${failure.message}\n`)
  return NO_RIGHTS
}

/** The files are judged before the daemon is told, so that the one who edited them hears of faults at once. */
async function readAgain(call: Call, pid: number): Promise<number> {
  const judged = await judgeFiles(call, pid)
  if (typeof judged === 'number') return judged
  const text = `Signalling heartbeat pid ${pid} to reread config files`
  call.say('info', text)
  await note(call, judged.haCf, text)
  return signal(call, pid, 'SIGHUP') ? 0 : NO_RIGHTS
}

/** The exit code when no daemon can go on with them, neither process `pid` nor a new one. */
async function judgeFiles(call: Call, pid: number | null): Promise<Configuration | number> {
  const { isRefused, loadConfiguration } = await import('../../heartbeat/io/configuration.js')
  const { haDir } = call.paths
  const managesResources = !call.flags.letters.has('M')
  const loaded = await loadConfiguration({ haDir, us: nodeName(haDir), managesResources })
  if (isRefused(loaded)) {
    for (const report of loaded.reports) call.world.error(`${report}\n`)
    for (const text of loaded.original) call.say('ERROR', text)
    if (pid !== null) call.say('ERROR', `Config errors: Heartbeat pid ${pid} NOT restarted`)
    return loaded.exitCode === NO_RIGHTS ? NO_RIGHTS : NOT_READ_AGAIN
  }
  return loaded
}

/** Into the files of the daemon too: who reads them sees why it read its files again. */
async function note({ paths }: Call, haCf: HaCf, text: string): Promise<void> {
  const { logfileOf } = await import('../../heartbeat/io/daemon-log.js')
  const line = haLogLine({ atMs: Date.now(), level: 'info', text }, hostname(), process.pid)
  for (const path of [logfileOf(haCf, paths.varLog), haCf.debugfile]) if (path !== null) appendTo(path, line)
}

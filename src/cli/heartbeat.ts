/** The command heartbeat; see commands/heartbeat.ts. The daemon is a bundle of its own, loaded only to be started. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heartbeat } from './commands/heartbeat.js'
import { defaultsTable, defaultsWiki } from './commands/heartbeat-defaults.js'

const DAEMON = './heartbeat-daemon.cjs'
const STATUS = './heartbeat-status.cjs'
/** The daemon has answered long before; a machine that takes longer is not going to start it. */
const START_MS_MAX = 60_000

async function startInBackground(argv: readonly string[]): Promise<number> {
  const { spawn } = await import('node:child_process')
  const file = join(dirname(fileURLToPath(import.meta.url)), DAEMON)
  const child = spawn(process.execPath, [file, ...argv], {
    detached: true,
    // Nothing of the terminal stays open in the daemon: what it has to say at the start comes over the pipe.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    cwd: '/',
  })
  const answer = await new Promise<string>(resolve => {
    let said = ''
    const timer = setTimeout(() => resolve(said), START_MS_MAX)
    const finish = (): void => {
      clearTimeout(timer)
      resolve(said)
    }
    const pipe = child.stdio[3]
    pipe?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.endsWith('\n')) finish()
    })
    pipe?.on('end', finish)
    child.on('error', finish)
  })
  child.unref()
  if (answer === '') {
    process.stderr.write('heartbeat: the daemon did not start\n')
    return 1
  }
  const { lines, exitCode } = JSON.parse(answer) as { lines: string[]; exitCode?: number }
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`)
  return exitCode ?? 0
}

void heartbeat(process.argv.slice(2), {
  env: process.env,
  program: process.argv[1] ?? 'heartbeat',
  out: text => void process.stdout.write(text),
  error: text => void process.stderr.write(text),
  startInBackground,
  becomeDaemon: () => void createRequire(import.meta.url)(DAEMON),
  becomeStatus: () => void createRequire(import.meta.url)(STATUS),
  tables: () => ({ defaultsTable, defaultsWiki }),
}).then(code => {
  // A daemon in the foreground goes on, as `status` does; a started one keeps the pipe, which must not keep us.
  if (code !== null) process.exit(code)
})

/** Starts the programs of the demo and ends them again: gently first, by force when time is short, always by pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { readPidFile } from '../base/io/processes.js'
import { nowMs } from '../base/io/real-clock.js'
import { runCommand } from '../base/io/run-command.js'
import { type DemoNode, environmentOf, type Layout, type WebServer } from './layout.js'
import { type Member, membersOf } from './members.js'

/** Ctrl-C promises an end within 3 s: what has not gone by itself after this time is killed. */
const GENTLE_MS = 2_200
const FORCED_MS = 400
const START_MS = 10_000

const inherited = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/** null when it listens; else why not. */
export function startWebServer(layout: Layout, server: WebServer, programs: string): Promise<string | null> {
  return new Promise(resolve => {
    const child: ChildProcess = spawn(
      process.execPath,
      [`${programs}/demo-web.cjs`, server.name, server.address, String(server.port)],
      // A group of its own: Ctrl-C in the terminal must reach the demo first.
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...inherited(), SYSTOLE_DEMO: layout.state },
      },
    )
    const settle = (answer: string | null): void => {
      clearTimeout(deadline)
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
      resolve(answer)
    }
    const deadline = setTimeout(() => settle(`${server.name} did not start within 10 s.`), START_MS)
    child.stdout?.once('data', () => settle(null))
    child.stderr?.once('data', (chunk: Buffer) => settle(chunk.toString().trim()))
    child.once('error', error => settle(`${server.name} cannot be started: ${error.message}`))
  })
}

/** Runs `heartbeat`, which goes to the background by itself; null, or what it said when it did not. */
export async function startNode(layout: Layout, node: DemoNode, programs: string): Promise<string | null> {
  const result = await runCommand(process.execPath, [`${programs}/heartbeat.cjs`], {
    timeoutMs: START_MS,
    env: { ...inherited(), ...environmentOf(layout, node) },
  })
  if (result.exitCode === 0) return null
  const words = `${result.stdout}${result.stderr}`.trim()
  return `heartbeat of ${node.name} did not start (exit status ${result.exitCode ?? result.signal}): ${words}`
}

function send(members: readonly Member[], signal: NodeJS.Signals): void {
  for (const { pid } of members) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself between the look and the signal.
    }
  }
}

async function goneWithin(layout: Layout, limitMs: number): Promise<boolean> {
  const untilMs = nowMs() + limitMs
  for (;;) {
    if (membersOf(layout).length === 0) return true
    if (nowMs() > untilMs) return false
    await delay(50)
  }
}

/**
 * Ends every process of the demo. Of a node only the heartbeat master is asked, for it stops its resources in
 * order and then its children. Returns what would not go.
 */
export async function endAll(layout: Layout): Promise<readonly Member[]> {
  const masters = new Set(layout.nodes.map(({ varRun }) => readPidFile(`${varRun}/heartbeat.pid`)))
  const isAsked = ({ pid, role }: Member): boolean => role === 'web server' || masters.has(pid)
  send(membersOf(layout).filter(isAsked), 'SIGTERM')
  if (await goneWithin(layout, GENTLE_MS)) return []
  send(membersOf(layout), 'SIGKILL')
  await goneWithin(layout, FORCED_MS)
  return membersOf(layout)
}

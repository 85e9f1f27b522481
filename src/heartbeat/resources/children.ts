/**
 * Runs the programs of `respawn` as the users that ha.cf names, each in a process group of its own, again and again
 * until the daemon ends or the rules of plan/children.ts say no. What they print goes nowhere, as in the original:
 * they write their own log.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import * as plan from './plan/children.js'
import type { RunnerLine } from './plan/protocol.js'

export interface ChildrenWorld {
  readonly env: () => Readonly<Record<string, string>>
  /** Holds a folder for each user. */
  readonly coresFolder: string
  readonly say: (level: RunnerLine['level'], text: string, pid?: number) => void
  /** The process groups that run now. */
  readonly onRunning: (pids: readonly number[]) => void
  /** Reboots the machine because this program of failfast has died. */
  readonly reboot: (reason: string) => void
}

interface Child {
  readonly program: plan.ChildProgram
  readonly lives: plan.Lives
  running: ChildProcess | null
  startedMs: number
  timer: NodeJS.Timeout | undefined
}

/** A program that ignores SIGTERM for so long is killed. */
const TERM_MS = 1_000
const KILL_MS = 500

export class Children {
  readonly #world: ChildrenWorld
  #children: readonly Child[] = []
  #isEnding = false
  #end: Promise<void> | null = null
  #oneEnded: () => void = () => {}

  constructor(world: ChildrenWorld) {
    this.#world = world
  }

  start(programs: readonly plan.ChildProgram[]): void {
    if (this.#isEnding || this.#children.length > 0) return
    this.#children = programs.map(program => ({
      ...{ program, lives: new plan.Lives(), running: null },
      ...{ startedMs: 0, timer: undefined },
    }))
    for (const child of this.#children) {
      this.#world.say('info', plan.startingChild(child.program))
      this.#run(child)
    }
  }

  /** Ends the last one first, and resolves when all have ended, within a limit. */
  end(): Promise<void> {
    this.#end ??= this.#endAll()
    return this.#end
  }

  async #endAll(): Promise<void> {
    this.#isEnding = true
    for (const { program, running } of [...this.#children].reverse()) {
      if (running?.pid === undefined) this.#world.say('info', plan.notRunning(program))
      else {
        this.#world.say('info', plan.killingChild(program, running.pid))
        signalGroup(running.pid, 'SIGTERM')
      }
    }
    for (const { timer } of this.#children) clearTimeout(timer)
    await this.#allEnded(TERM_MS)
    for (const pid of this.#pids()) signalGroup(pid, 'SIGKILL')
    await this.#allEnded(KILL_MS)
  }

  #pids(): number[] {
    return this.#children.flatMap(({ running }) => running?.pid ?? [])
  }

  async #allEnded(withinMs: number): Promise<void> {
    if (this.#pids().length === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#oneEnded = () => {
        if (this.#pids().length > 0) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #run(child: Child): void {
    const { program } = child
    child.startedMs = performance.now()
    const running = spawn(program.path, [...program.args], {
      env: { ...this.#world.env() },
      cwd: this.#folderOf(program.user),
      stdio: 'ignore',
      detached: true,
      // Asked for only where it changes something: setting groups is root's right.
      ...(process.geteuid?.() === program.uid && program.uid !== 0
        ? {}
        : { uid: program.uid, gid: program.gid }),
    })
    running.on('error', error => {
      if (running.pid !== undefined) return
      this.#world.say('ERROR', `${program.command} cannot be started: ${error.message}`)
      this.#ended(child, null)
    })
    const { pid } = running
    if (pid === undefined) return
    child.running = running
    this.#world.say('info', plan.startedChild(program, pid), pid)
    this.#world.onRunning(this.#pids())
    running.on('exit', (exitCode, signal) => {
      const isBad = exitCode !== 0
      const text =
        exitCode === null
          ? plan.killedChild(program, pid, signal ?? 'unknown')
          : plan.exitedChild(program, pid, exitCode)
      if (!this.#isEnding) this.#world.say(isBad ? 'WARN' : 'info', text)
      if (!this.#isEnding && isBad && program.isFailfast) this.#world.reboot(program.command)
      this.#ended(child, exitCode)
    })
  }

  #ended(child: Child, exitCode: number | null): void {
    child.running = null
    this.#world.onRunning(this.#pids())
    this.#oneEnded()
    if (this.#isEnding) return
    const { program, lives } = child
    switch (lives.ended(exitCode, performance.now() - child.startedMs)) {
      case 'again':
        this.#world.say('ERROR', plan.respawning(program))
        this.#world.say('info', plan.startingChild(program))
        child.timer = setTimeout(() => this.#run(child), plan.RESPAWN_DELAY_MS)
        return
      case 'tooFast':
        this.#world.say('ERROR', plan.respawningTooFast(program))
        return
      case 'leave':
        return
    }
  }

  #folderOf(user: string): string {
    const folder = `${this.#world.coresFolder}/${user}`
    try {
      return statSync(folder).isDirectory() ? folder : '/'
    } catch {
      return '/' // the package makes these folders; without it there is nothing to keep
    }
  }
}

/** Also for groups that an earlier runner left. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended in this moment.
  }
}

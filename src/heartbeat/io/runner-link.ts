/**
 * The daemon's side of the resource runner: starts it, hands jobs over, hears of their end. A runner that dies is
 * started again with what it had taken and with the job it was at, which is safe, because taking what runs and
 * giving what is stopped change nothing. One that keeps dying fails its job instead.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { GroupName, ResourceJob, StonithResult } from '../core/cluster.js'
import { signalGroup } from '../resources/children.js'
import { type ChildProgram, RESPAWN_DELAY_MS } from '../resources/plan/children.js'
import type { Begin, FromRunner, RunnerLine, ToRunner } from '../resources/plan/protocol.js'
import { groupKey, type ResourceGroup } from '../resources/plan/resource.js'
import type { StonithDevice } from '../resources/plan/stonith.js'

const DEATHS_MAX = 5
const DEATHS_WITHIN_MS = 60_000

type JobMessage = Extract<ToRunner, { kind: 'job' }>

export interface RunnerHandlers {
  readonly onLine: (line: RunnerLine) => void
  readonly onJobEnded: (job: number, failed: readonly GroupName[]) => void
  readonly onResetEnded: (node: string, result: StonithResult) => void
  readonly onGroupLost: (group: GroupName, why: string) => void
  readonly onTrouble: (sentence: string) => void
}

export class RunnerLink {
  readonly #file: string
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #handlers: RunnerHandlers
  #begin: Begin
  #child: ChildProcess | null = null
  #job: JobMessage | null = null
  #deathsAtMs: number[] = []
  #isEnding = false
  /** Programs of respawn, once they were asked for. */
  #programs: readonly ChildProgram[] = []
  #groups: readonly number[] = []
  /** Nodes whose reset has not been answered. */
  readonly #resets: string[] = []
  #childrenEnded: () => void = () => {}

  /** `file` is the runner's bundle. */
  constructor(
    file: string,
    env: Readonly<Record<string, string | undefined>>,
    begin: Begin,
    handlers: RunnerHandlers,
  ) {
    this.#file = file
    this.#env = env
    this.#begin = begin
    this.#handlers = handlers
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What the runner has taken and not given back. */
  get held(): readonly ResourceGroup[] {
    return this.#begin.held
  }

  start(): void {
    const child = spawn(process.execPath, [this.#file], {
      env: { ...this.#env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'json',
    })
    this.#child = child
    child.on('message', message => this.#receive(message as FromRunner))
    child.stderr?.on('data', (chunk: Buffer) =>
      this.#handlers.onTrouble(`resource runner: ${chunk.toString()}`),
    )
    child.on('error', error => {
      this.#handlers.onTrouble(`resource runner: ${error.message}`)
      // One that could not even be started (too many processes) says no exit.
      if (child.pid === undefined) this.#died(child, 'it could not be started')
    })
    child.on('exit', (code, signal) => this.#died(child, signal ?? `exit code ${code}`))
    this.#send(this.#begin)
    if (this.#job) this.#send(this.#job)
    this.#keepAgain()
  }

  /** As after any other death; until then the earlier ones have left the client socket. */
  #keepAgain(): void {
    if (this.#programs.length === 0) return
    setTimeout(() => this.keep(this.#programs), RESPAWN_DELAY_MS).unref()
  }

  /** `groups`: of haresources as it is now. */
  run(job: ResourceJob, groups: readonly ResourceGroup[]): void {
    this.#job = { kind: 'job', job, groups }
    if (this.#child) this.#send(this.#job)
    else this.start()
  }

  /** Keeps these programs running from now on. */
  keep(programs: readonly ChildProgram[]): void {
    this.#programs = programs
    if (programs.length > 0) this.#send({ kind: 'children', programs })
  }

  /** Ends the programs of respawn; resolves when they have ended, within a limit. */
  async endChildren(withinMs: number): Promise<void> {
    if (this.#programs.length === 0) return
    this.#programs = []
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#childrenEnded = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#send({ kind: 'endChildren' })
    })
  }

  /** Has one of the STONITH devices reset a node; answered even when the runner dies. */
  reset(node: string, devices: readonly StonithDevice[]): void {
    this.#resets.push(node)
    if (this.#child) this.#send({ kind: 'reset', node, devices })
    else this.#resetsFailed()
  }

  checkDevices(devices: readonly StonithDevice[]): void {
    if (this.#child) this.#send({ kind: 'checkDevices', devices })
  }

  /** What scripts, agents and programs that start from now on find in their environment. */
  changeEnvironment(env: Readonly<Record<string, string>>): void {
    this.#begin = { ...this.#begin, env }
    if (this.#child) this.#send({ kind: 'environment', env })
  }

  #resetsFailed(): void {
    for (const node of this.#resets.splice(0)) this.#handlers.onResetEnded(node, 'bad')
  }

  /** Has the neighbours told once more which addresses are here. */
  announce(): void {
    if (this.#child) this.#send({ kind: 'announce' })
  }

  script(name: string, env: Readonly<Record<string, string>>): void {
    if (this.#child) this.#send({ kind: 'script', name, env })
  }

  /** Tells the runner that the daemon ends in good order; resolves when it has ended, within a limit. */
  async goodbye(withinMs: number): Promise<void> {
    const child = this.#child
    this.#isEnding = true
    if (!child) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        resolve()
      }, withinMs)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#send({ kind: 'goodbye' })
    })
  }

  #send(message: ToRunner): void {
    // A channel that closes in this moment is followed by the child's exit, which is dealt with there.
    if (this.#child?.connected) this.#child.send(message, () => {})
  }

  #receive(message: FromRunner): void {
    switch (message.kind) {
      case 'ready':
        return
      case 'lines':
        message.lines.forEach(this.#handlers.onLine)
        return
      case 'children':
        this.#groups = message.pids
        return
      case 'childrenEnded':
        this.#childrenEnded()
        return
      case 'resetEnded': {
        const at = this.#resets.indexOf(message.node)
        if (at === -1) return
        this.#resets.splice(at, 1)
        this.#handlers.onResetEnded(message.node, message.result)
        return
      }
      case 'held':
        this.#begin = { ...this.#begin, held: message.groups }
        return
      case 'groupLost':
        this.#handlers.onGroupLost(message.group, message.why)
        return
      case 'jobEnded':
        if (this.#job?.job.job !== message.job) return
        this.#job = null
        this.#handlers.onJobEnded(message.job, message.failed)
        return
    }
  }

  #died(child: ChildProcess, how: string): void {
    if (this.#child !== child) return
    this.#child = null
    // The next runner starts them anew; two of a kind would be refused as clients.
    for (const pid of this.#groups) signalGroup(pid, 'SIGTERM')
    this.#groups = []
    this.#childrenEnded()
    if (this.#isEnding) return
    this.#resetsFailed()
    this.#handlers.onTrouble(`the resource runner has ended (${how})`)
    const nowMs = performance.now()
    this.#deathsAtMs = [...this.#deathsAtMs.filter(atMs => nowMs - atMs < DEATHS_WITHIN_MS), nowMs]
    if (this.#deathsAtMs.length <= DEATHS_MAX) {
      this.start()
      return
    }
    this.#handlers.onTrouble('it is not started again before the next job: it has ended too often')
    const job = this.#job
    this.#job = null
    const all = job?.groups.map(group => ({ node: group.node, key: groupKey(group) }))
    if (job) this.#handlers.onJobEnded(job.job.job, all ?? [])
  }
}

/**
 * Two nodes of one contestant in namespaces of their own (test/peers/rig/ha-pair), with a switch between them where the
 * observer sits: start, kill, stop, and what a node says of itself.
 */
import { cpSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type HaPair, haPair, type Owner, readText, run, until } from '../../test/peers/harness.js'
import { ADDRESS, DAEMON, filesOf, type Kind, MAIN_PROCESS, type Setting, STANDBY } from './contestants.js'
import type { NodeIndex } from './frames.js'
import { Observer } from './observer.js'

/**
 * For 5 s after its start a node announces a longer dead time (both heartbeats do): it is not killed before. Counted from
 * the command that starts it, on a busy machine some time before the daemon's own start.
 */
const START_BONUS_MS = 7_500
const SETTLE_LIMIT_MS = 60_000
/** Hundreds of scripts, of several pairs at once. */
const START_ALL_LIMIT_MS = 240_000
const NAMES = { 1: 'alpha', 2: 'beta' } as const
export const NODES = [1, 2] as const
export const other = (node: NodeIndex): NodeIndex => (node === 1 ? 2 : 1)

export class Pair {
  readonly kind: Kind
  readonly setting: Setting
  readonly #rig: HaPair
  readonly #startedMs = { 1: 0, 2: 0 }

  static async up(owner: Owner, kind: Kind, setting: Setting): Promise<Pair> {
    const rig = await haPair(owner, filesOf(kind, setting))
    // As installed in place of the original's; else the scripts of its package would be measured.
    if (kind === 'ours') {
      for (const node of NODES) {
        const folder = `${rig.folder}/${NAMES[node]}/ha.d/resource.d`
        // Some of the package's are links to programs of the machine, which a copy would write through.
        const scriptOfRig = readFileSync(`${folder}/lsblog`)
        rmSync(folder, { recursive: true })
        cpSync('resource.d', folder, { recursive: true })
        writeFileSync(`${folder}/lsblog`, scriptOfRig, { mode: 0o755 })
      }
    }
    return new Pair(kind, setting, rig)
  }

  private constructor(kind: Kind, setting: Setting, rig: HaPair) {
    this.kind = kind
    this.setting = setting
    this.#rig = rig
  }

  async start(node: NodeIndex): Promise<void> {
    this.#startedMs[node] = performance.now()
    await this.#rig.command('start', NAMES[node], ...DAEMON[this.kind])
  }

  async startBoth(): Promise<void> {
    await Promise.all(NODES.map(node => this.start(node)))
    await this.settled()
  }

  /** Both are there, know of each other, and nothing moves. Gives who holds the service address. */
  async settled(): Promise<NodeIndex> {
    if (this.kind === 'keepalived') return this.#keepalivedSettled()
    return until(`${this.kind}: both nodes settle`, SETTLE_LIMIT_MS, async () => {
      if (!(await this.#areSettled())) return null
      const owners = await this.owners()
      return owners.length === 1 ? owners[0]! : null
    }).catch(error => {
      throw new Error(`${error.message}\n${this.#lastWords()}`)
    })
  }

  /** The nodes that have the service address. */
  async owners(): Promise<NodeIndex[]> {
    const found: NodeIndex[] = []
    for (const node of NODES) {
      const shown = await run('ip', ['-n', this.#namespace(node), '-o', '-4', 'addr', 'show', 'to', ADDRESS])
      if (shown.stdout.includes(ADDRESS)) found.push(node)
    }
    return found
  }

  /** The same for resources without an address. */
  async startBothWhateverRuns(): Promise<void> {
    await Promise.all(NODES.map(node => this.start(node)))
    await until(`${this.kind}: both nodes settle`, START_ALL_LIMIT_MS, async () => this.#areSettled())
  }

  /** During a partition of the heartbeats. */
  async bothOwn(): Promise<void> {
    await until(
      `${this.kind}: both take the address`,
      SETTLE_LIMIT_MS,
      async () => (await this.owners()).length === 2,
    )
  }

  async conflictEnded(): Promise<void> {
    await until(`${this.kind}: not both have the address`, SETTLE_LIMIT_MS, async () => {
      return (await this.owners()).length < 2
    })
  }

  /** hb_standby, asked again until it is not refused. */
  async giveAll(node: NodeIndex): Promise<void> {
    const kind = this.kind
    if (kind === 'keepalived') return
    await until(`${kind}: ${NAMES[node]} gives all`, SETTLE_LIMIT_MS, async () => {
      await this.attempt(node, ...STANDBY[kind])
      return until('it moved', 10_000, () => this.countRunning(node) === 0).catch(() => false)
    })
    await until(`${kind}: both nodes settle`, SETTLE_LIMIT_MS, async () => this.#areSettled())
  }

  /** How many of the rig's resources run on the node. */
  countRunning(node: NodeIndex): number {
    return readdirSync(`${this.#rig.folder}/${NAMES[node]}/run`).filter(name => name.startsWith('lsblog.'))
      .length
  }

  /** Waits until it may be killed: it announces its own dead time. */
  async isSteady(node: NodeIndex): Promise<void> {
    if (this.kind === 'keepalived') return
    await delay(Math.max(0, this.#startedMs[node] + START_BONUS_MS - performance.now()))
  }

  observe(limitMs: number, ask: readonly string[] = [ADDRESS]): Promise<Observer> {
    return Observer.open({ namespace: this.#rig.namespace('net'), folder: this.#rig.folder, ask, limitMs })
  }

  /** SIGKILL to all processes of the node, then its cable is out. Gives the moment of the first. */
  async kill(node: NodeIndex): Promise<number> {
    // Children first: one that sees its parent end may still say goodbye to the peer, as keepalived's does.
    const pids = this.processes(node).toSorted((a, b) => b - a)
    const atMs = Date.now()
    for (const pid of pids) killIfThere(pid)
    await this.#cable(node, 'down')
    return atMs
  }

  /** What a machine that was off does not have any more; its cable is in again. */
  async clean(node: NodeIndex): Promise<void> {
    await run('ip', ['-n', this.#namespace(node), 'addr', 'del', `${ADDRESS}/24`, 'dev', 'eth0'])
    await this.#cable(node, 'up')
  }

  /** SIGTERM to the main process. Gives the moment. */
  terminate(node: NodeIndex): number {
    const pid = this.processes(node).find(pid => MAIN_PROCESS[this.kind].test(commandOf(pid)))
    if (pid === undefined) throw new Error(`${this.kind}: no main process on ${NAMES[node]}`)
    const atMs = Date.now()
    process.kill(pid, 'SIGTERM')
    return atMs
  }

  async hasEnded(node: NodeIndex): Promise<void> {
    await until(`${this.kind} ends`, 30_000, () => this.processes(node).length === 0)
  }

  attempt(node: NodeIndex, ...words: string[]) {
    return this.#rig.attempt(['exec', NAMES[node], ...words])
  }

  rig(...words: string[]): Promise<string> {
    return this.#rig.command(...words)
  }

  name(node: NodeIndex): string {
    return NAMES[node]
  }

  logFile(node: NodeIndex): string {
    return `${this.#rig.folder}/${NAMES[node]}/log/ha-log`
  }

  /** Process ids, in words of this machine, of everything that runs on the node; the rig's own apart. */
  processes(node: NodeIndex): number[] {
    const init = Number(readText(`${this.#rig.folder}/${NAMES[node]}/initpid`))
    const space = pidSpaceOf(init)
    return readdirSync('/proc')
      .map(Number)
      .filter(pid => pid > 0 && pid !== init && space !== null && pidSpaceOf(pid) === space)
      .filter(pid => !/^(sleep 3600|)$/.test(commandOf(pid)))
  }

  /** When our daemon decided that the peer is dead, by its own clock; null when it has not. */
  async verdictMs(node: NodeIndex, sinceMs: number): Promise<number | null> {
    const record = await askControlSocket(`${this.#rig.folder}/${NAMES[node]}/run/heartbeat/control`)
    const decisions = (JSON.parse(record) as { decisions: { at: string; node: string; what: string }[] })
      .decisions
    const verdicts = decisions.filter(
      ({ node: whose, what }) => whose === NAMES[other(node)] && what.endsWith('-> dead'),
    )
    const times = verdicts.map(({ at }) => Date.parse(at)).filter(atMs => atMs >= sinceMs)
    return times[0] ?? null
  }

  async #areSettled(): Promise<boolean> {
    for (const node of NODES) {
      const ask = `cl_status nodestatus ${NAMES[other(node)]}; cl_status rscstatus`
      const { stdout } = await this.attempt(node, 'bash', '-c', ask)
      if (!/^active\n(none|local|foreign|all)\n/.test(stdout)) return false
    }
    return true
  }

  async #keepalivedSettled(): Promise<NodeIndex> {
    // Its backup has nothing to say; what it needs is to have heard one advert.
    await delay(2 * this.setting.keepaliveMs + 300)
    return until('keepalived: one owner', SETTLE_LIMIT_MS, async () => {
      const owners = await this.owners()
      return owners.length === 1 ? owners[0]! : null
    })
  }

  #namespace(node: NodeIndex): string {
    return this.#rig.namespace(NAMES[node])
  }

  #cable(node: NodeIndex, state: 'up' | 'down') {
    return run('ip', ['-n', this.#rig.namespace('net'), 'link', 'set', `p0${node}`, state])
  }

  #lastWords(): string {
    return NODES.map(
      node => `--- ${NAMES[node]}\n${readText(this.logFile(node)).split('\n').slice(-15).join('\n')}`,
    ).join('\n')
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // A command that was asked something has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function pidSpaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return null // it has ended, or was never there
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    return '' // it has ended
  }
}

async function askControlSocket(path: string): Promise<string> {
  const socket = connect(path)
  socket.setTimeout(5_000, () => socket.destroy(new Error(`${path} does not answer`)))
  socket.write('status\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

/**
 * The checkers side by side: how each is started on a layout, and how one sees from outside that it took a real server out
 * of service or back: ldirectord's in the journal of the stand-in ipvsadm, the others' in what they print.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { haproxyFile, keepalivedFile, type Layout, ldirectordFile, serviceAddress } from './files.js'
import { cpuSeconds, memoryMb } from './process-tree.js'
import { monotonicMs, REAL_PORT, realAddress } from './reals.js'

export type Kind = 'ours' | 'ldirectord' | 'keepalived' | 'haproxy'
const POLL_MS = 2
const END_MS_MAX = 3_000

/** A call of ipvsadm, with the lines that it was given. */
export interface Call {
  readonly atMs: number
  readonly args: string
  readonly lines: readonly string[]
}

export class Contestant {
  readonly kind: Kind
  readonly folder: string
  readonly #child: ChildProcess
  readonly startedMs = monotonicMs()
  #printed: { atMs: number; line: string }[] = []
  #rest = ''

  private constructor(kind: Kind, folder: string, child: ChildProcess) {
    this.kind = kind
    this.folder = folder
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => this.#read(String(chunk)))
  }

  /** @param isUp whether the table of a ldirectord holds all reals already */
  static start(kind: Kind, rig: string, layout: Layout, isUp = false): Contestant {
    const folder = `${rig}/${kind}-${layout.net}-${layout.reals}`
    for (const part of ['', '/run', '/lib', '/log']) mkdirSync(`${folder}${part}`, { recursive: true })
    if (isUp) writeFileSync(`${folder}/table`, fullTable(layout))
    writeFile(kind, folder, layout)
    const [program, ...args] = command(kind, folder)
    const env = {
      ...process.env,
      IPVS_BENCH_DIR: folder,
      HA_VARRUN: `${folder}/run`,
      HA_VARLIB: `${folder}/lib`,
      HA_VARLOG: `${folder}/log`,
      LDIRECTORD_FORWARDER: 'ipvs',
      ...(kind === 'keepalived' && { LD_PRELOAD: `${rig}/no-ipvs.so` }),
    }
    const child = spawn(program!, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    return new Contestant(kind, folder, child)
  }

  get file(): string {
    return configFile(this.kind, this.folder)
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  get said(): string {
    return this.#printed.map(({ line }) => line).join('\n')
  }

  reload(layout: Layout): void {
    writeFile(this.kind, this.folder, layout)
    this.#child.kill('SIGHUP')
  }

  cpuSeconds(): number {
    return cpuSeconds(this.#child.pid!)
  }

  memoryMb(): number {
    return memoryMb(this.#child.pid!)
  }

  /** How many entries of the table have a weight. */
  serving(): number {
    return this.servingPlaces().size
  }

  /** ADDRESS:PORT of those entries. */
  servingPlaces(): ReadonlySet<string> {
    const entries = text(`${this.folder}/table`).matchAll(/^R (\S+) [1-9]/gm)
    return new Set([...entries].map(([, place]) => place!))
  }

  calls(sinceMs = 0): Call[] {
    const calls: (Call & { lines: string[] })[] = []
    for (const line of text(`${this.folder}/journal`).split('\n')) {
      if (line === '') continue
      if (line.startsWith('  ')) {
        calls.at(-1)?.lines.push(line.trim())
        continue
      }
      const [atNs, ...args] = line.split(' ')
      calls.push({ atMs: Number(atNs) / 1e6, args: args.join(' '), lines: [] })
    }
    return calls.filter(call => call.atMs >= sinceMs)
  }

  /** Milliseconds from `sinceMs` until it took this real out or in again; null: not within the limit. */
  async reacted(real: number, net: number, to: 'out' | 'in', sinceMs: number, limitMs: number) {
    for (;;) {
      const atMs = this.#reactionAt(real, net, to, sinceMs)
      if (atMs !== null) return atMs - sinceMs
      if (monotonicMs() - sinceMs > limitMs) return null
      await after(POLL_MS * 5)
    }
  }

  #reactionAt(real: number, net: number, to: 'out' | 'in', sinceMs: number): number | null {
    const place = `${realAddress(net, real)}:${REAL_PORT}`
    if (this.kind === 'ours' || this.kind === 'ldirectord') {
      const takes = (words: string): boolean =>
        words.includes(` ${place} `) && (/-w 0\b|^-d/.test(words) ? 'out' : 'in') === to
      const call = this.calls(sinceMs).find(
        ({ args, lines }) => takes(`${args} `) || lines.some(line => takes(`${line} `)),
      )
      return call?.atMs ?? null
    }
    const address = realAddress(net, real)
    const word =
      this.kind === 'haproxy' ? (to === 'out' ? ' is DOWN' : ' is UP') : to === 'out' ? 'Removing' : 'Adding'
    const name = this.kind === 'haproxy' ? `${place} is` : `[${address}]`
    return (
      this.#printed.find(({ atMs, line }) => atMs >= sinceMs && line.includes(word) && line.includes(name))
        ?.atMs ?? null
    )
  }

  async end(): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await Promise.race([ended, after(END_MS_MAX)])
    this.#child.kill('SIGKILL')
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop()!
    const atMs = monotonicMs()
    for (const line of lines) this.#printed.push({ atMs, line })
    if (this.#printed.length > 100_000) this.#printed = this.#printed.slice(-50_000)
  }
}

function configFile(kind: Kind, folder: string): string {
  return `${folder}/${kind === 'ours' || kind === 'ldirectord' ? 'bench.cf' : `${kind}.cfg`}`
}

function command(kind: Kind, folder: string): readonly string[] {
  const file = configFile(kind, folder)
  switch (kind) {
    case 'ours':
      return [process.execPath, 'dist/bin/ldirectord.cjs', '--foreground', file, 'start']
    case 'ldirectord':
      return ['/usr/sbin/ldirectord', file, 'start']
    case 'keepalived':
      return [
        '/usr/sbin/keepalived',
        '-C',
        '-n',
        '-l',
        '-D',
        '-p',
        `${folder}/pid`,
        '-c',
        `${folder}/cpid`,
        '-f',
        file,
      ]
    case 'haproxy':
      return ['/usr/sbin/haproxy', '-db', '-f', file]
  }
}

function writeFile(kind: Kind, folder: string, layout: Layout): void {
  const log = `logfile="${folder}/log/bench.log"`
  const contents = {
    ours: () => ldirectordFile(layout, [log]),
    ldirectord: () => ldirectordFile(layout, ['supervised=yes', log]),
    keepalived: () => keepalivedFile(layout),
    haproxy: () => haproxyFile(layout),
  }[kind]()
  writeFileSync(configFile(kind, folder), contents)
}

function fullTable({ net, reals }: Layout): string {
  const lines: string[] = []
  for (let real = 0; real < reals; real++) {
    if (real % 10 === 0) lines.push(`S ${serviceAddress(real / 10)}:80 wlc`)
    lines.push(`R ${realAddress(net, real)}:${REAL_PORT} 1`)
  }
  return `${lines.join('\n')}\n`
}

function text(path: string): string {
  if (!existsSync(path)) return ''
  const file = openSync(path, 'r')
  try {
    return readFileSync(file, 'latin1')
  } finally {
    closeSync(file)
  }
}

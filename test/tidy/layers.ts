/**
 * Who may import whom, as tables. The nearest folder name decides (docs/architecture.md): `src/heartbeat/core/x.ts` is
 * pure because it lies in `core`, `src/ldirectord/checks/y.ts` acts because it lies in `checks`. A change of the house
 * is a change of these rows and of docs/architecture.md in the same commit.
 */

export type Zone =
  | 'base'
  | 'base/io'
  | 'syntax'
  | 'log'
  | 'log/io'
  | 'pure'
  | 'acting'
  | 'daemon'
  | 'cli'
  | 'demo'

const ACTING_FOLDERS = new Set(['io', 'links', 'checks', 'forwarders', 'agents', 'resources'])
const PURE_FOLDERS = new Set(['config', 'wire', 'core', 'api', 'plan', 'codec', 'lint'])
/** Files in the top folder of a product that connect its parts. */
const DAEMON_FILE = /^(daemon|life|run)\.ts$/

export interface Place {
  /** The first folder below src: the vocabulary of the field. */
  readonly product: string
  readonly zone: Zone
}

/** Where a file such as `src/heartbeat/core/cluster.ts` belongs. */
export function placeOf(path: string): Place {
  const folders = path.split('/').slice(1)
  const file = folders.pop() ?? ''
  const product = folders[0] ?? ''
  const nearest = folders.findLast(folder => ACTING_FOLDERS.has(folder) || PURE_FOLDERS.has(folder))
  const zone = (): Zone => {
    if (product === 'cli' || product === 'demo' || product === 'syntax') return product
    if (product === 'base' || product === 'log') return nearest === 'io' ? `${product}/io` : product
    if (folders.length === 1 && DAEMON_FILE.test(file)) return 'daemon'
    return nearest !== undefined && ACTING_FOLDERS.has(nearest) ? 'acting' : 'pure'
  }
  return { product, zone: zone() }
}

interface Rule {
  /** Zones of any product that may be imported. */
  readonly zones: readonly Zone[]
  /** Zones of the same product that may be imported besides. */
  readonly own: readonly Zone[]
  /** Whether it may touch the world: sockets, files, processes, clocks, chance, packages. */
  readonly acts: boolean
  /** What to do instead of the forbidden thing. */
  readonly instead: string
}

const PURE_ADVICE = 'hand the value in from a folder that acts (io, links, checks, forwarders, daemon.ts)'

export const RULES: Readonly<Record<Zone, Rule>> = {
  base: { zones: ['base'], own: [], acts: false, instead: 'put what acts into base/io' },
  'base/io': { zones: ['base', 'base/io'], own: [], acts: true, instead: 'base knows no product' },
  syntax: { zones: ['base', 'syntax'], own: [], acts: false, instead: 'hand the text in' },
  log: { zones: ['base', 'log'], own: [], acts: false, instead: 'put what acts into log/io' },
  'log/io': {
    zones: ['base', 'base/io', 'log', 'log/io'],
    own: [],
    acts: true,
    instead: 'log knows no product',
  },
  pure: { zones: ['base', 'syntax', 'log'], own: ['pure'], acts: false, instead: PURE_ADVICE },
  acting: {
    zones: ['base', 'base/io', 'syntax', 'log', 'log/io'],
    own: ['pure', 'acting'],
    acts: true,
    instead: 'meet other products as processes; let daemon.ts connect the parts of one product',
  },
  daemon: {
    zones: ['base', 'base/io', 'syntax', 'log', 'log/io'],
    own: ['pure', 'acting', 'daemon'],
    acts: true,
    instead: 'meet other products as processes',
  },
  cli: {
    zones: ['base', 'base/io', 'syntax', 'log', 'log/io', 'pure', 'acting', 'daemon', 'cli', 'demo'],
    own: [],
    acts: true,
    instead: 'a command talks to a daemon or calls a pure function',
  },
  demo: {
    zones: ['base', 'base/io', 'log', 'demo'],
    own: [],
    acts: true,
    instead: 'the demo starts the programs as processes, as an administrator does',
  },
}

/** Imports across products that the table of zones does not show, each with its reason. */
export const BRIDGES: readonly {
  readonly from: RegExp
  readonly to: RegExp
  readonly because: string
  /** Only what the compiler erases. */
  readonly typesOnly?: true
}[] = [
  {
    from: /^src\/ldirectord\/core\//,
    to: /^src\/ldirectord\/(checks\/check|forwarders\/forwarder)\.ts$/,
    because:
      'the contract of a seam is types: what a check answers and what a forwarder counts are values of the core',
    typesOnly: true,
  },
  {
    from: /^src\/heartbeat\/[^/]+\.ts$/,
    to: /^src\/heartbeat\/resources\/resource\.ts$/,
    because: 'what a line of haresources names is a value, although the folder that uses it acts',
  },
  {
    from: /^src\/heartbeat\/resources\//,
    to: /^src\/agents\//,
    because: 'the resource runner carries out the built-in agents in its own process',
  },
  {
    from: /^src\/agents\/warm-ldirectord\.ts$/,
    to: /^src\/ldirectord\/io\/(instance|duty|tell-standby)\.ts$/,
    because:
      'a takeover by a warm standby has no time for the start of a command: the agent asks over the socket, as it does',
  },
  {
    from: /^src\/lint\//,
    to: /^src\/(heartbeat|ldirectord)\/config\//,
    because: 'ha-lint compares files of both programs; it is no daemon',
  },
  {
    from: /^src\/convert\//,
    to: /^src\/ldirectord\/config\//,
    because:
      'ha-convert prints what ldirectord.cf asks of other hosts, so it reads the file as ldirectord does',
  },
  {
    from: /^src\/ldirectord\/io\/(cluster-client|drain-link)\.ts$/,
    to: /^src\/heartbeat\/(api\/(frame|client-request)|wire\/message)\.ts$/,
    because:
      'ldirectord is a client of heartbeat, ours or the original: the pure codec of that public socket is written once',
  },
  {
    from: /^src\/deploy\/plan\//,
    to: /^src\/ldirectord\/config\//,
    because:
      "ha-deploy reads maintenancedir and weights from the directors' ldirectord.cf as ldirectord does",
  },
]

/** Modules of Node that touch the world, and the globals that do. */
export const WORLD_MODULES: ReadonlySet<string> = new Set(
  [
    'net dgram tls fs fs/promises child_process dns dns/promises http http2 https timers timers/promises',
    'worker_threads cluster os perf_hooks process readline stream/promises inspector',
  ]
    .join(' ')
    .split(' ')
    .map(name => `node:${name}`),
)
export const WORLD_GLOBALS: ReadonlySet<string> = new Set([
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'process',
  'console',
  'Math.random',
])

/** What a test that never sleeps does without: its time is virtual, or it is woken by what it waits for. */
export const TIME_MODULES: ReadonlySet<string> = new Set([
  'node:timers',
  'node:timers/promises',
  'node:perf_hooks',
])
export const TIME_USES: ReadonlySet<string> = new Set([
  'setTimeout',
  'setInterval',
  'performance',
  'Date.now',
  'AbortSignal.timeout',
  'Atomics.wait',
])

/** Where tests have real time: those of test/peers, and programs that no test calls. */
export const REAL_TIME = /^test\/(peers\/|fuzz\/main\.ts$)/

/** Files of src that no other file of src imports, and why they stand there all the same. Commands need no row. */
export const ENTRIES: Readonly<Record<string, string>> = {
  'src/ldirectord/forwarders/memory.ts':
    'the honest fake of the forwarder contract, which its real ones are held to',
  'src/ldirectord/config/reference.ts':
    'prints the reference page of docs from the directive tables; a test compares',
}

/** What a running daemon answers on its control socket: its state, what a reload would change, and drains. */
import { nowMs } from '../../base/io/real-clock.js'
import type { LdirectordConfig } from '../config/model.js'
import { adoptedTargets } from '../core/adopt.js'
import { type ControlRequest, parseRequest } from '../core/control-request.js'
import { canonicalKey, realDestination } from '../core/desired.js'
import type { Director } from '../core/director.js'
import type { Target } from '../core/director-contract.js'
import { DRAINS_MAX, type Drain, placeOf, takesOut, withDrain, withoutDrain } from '../core/drain.js'
import { drainsIn, limitsIn } from '../core/drained-targets.js'
import { findServer, type Place } from '../core/find-server.js'
import { planLines, waitingLines } from '../core/plan.js'
import { type Role, statusRecord } from '../core/status.js'
import { endpoint, serviceId, type Table } from '../core/table.js'
import { ownedIds } from '../core/takeover.js'
import type { Forwarder } from '../forwarders/forwarder.js'
import type { MirrorState } from './drain-link.js'
import type { Drains } from './drains.js'
import type { Instance } from './instance.js'
import type { Loaded } from './load-config.js'

const LOOK_MS_MAX = 3_000

/** What is in use now. */
export interface InUse {
  readonly config: LdirectordConfig
  readonly director: Director
  readonly indexes: ReadonlyMap<string, number>
}

export interface AnswersOptions {
  readonly instance: Instance
  readonly forwarder: Forwarder
  readonly drains: Drains
  readonly load: () => Promise<Loaded>
  readonly inUse: () => Promise<InUse | null>
  readonly believed: () => Table
  /** The list of drains has changed. */
  readonly onDrains: () => void
  /** How the other director stands to it, when it has had its time to answer. */
  readonly mirrored: () => Promise<MirrorState>
  readonly mirror: () => MirrorState
  readonly role: () => Role
  /** Null when it is done, else one sentence that says why not. */
  readonly takeOver: () => Promise<string | null>
  readonly release: () => Promise<string | null>
}

type Refused = { readonly error: string }

export class Answers {
  readonly #options: AnswersOptions

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  async answer(line: string): Promise<unknown> {
    const request = parseRequest(line)
    if (request === null) return { error: 'unknown request' }
    if (request.kind === 'takeover' || request.kind === 'release') {
      const { takeOver, release } = this.#options
      const failure = await (request.kind === 'takeover' ? takeOver() : release())
      return failure === null ? { done: request.kind } : { error: failure }
    }
    const inUse = await this.#options.inUse()
    if (request.kind === 'status') return this.#status(inUse)
    if (inUse === null) return { error: 'ldirectord is still starting' }
    if (request.kind === 'plan') return this.#plan(inUse)
    return this.#drain(inUse, request)
  }

  async #status(inUse: InUse | null): Promise<unknown> {
    const { forwarder, instance } = this.#options
    if (inUse === null) return { instance: instance.name, pid: process.pid, virtuals: [] }
    const signal = AbortSignal.timeout(LOOK_MS_MAX)
    const isDraining = this.#options.drains.list.length > 0
    return statusRecord({
      config: inUse.config,
      director: inUse.director,
      table: this.#options.believed(),
      counters: await forwarder.counters(signal),
      bindings: isDraining ? ((await forwarder.bindings?.(signal)) ?? null) : null,
      forwarder: forwarder.name,
      instance: instance.name,
      pid: process.pid,
      role: this.#options.role(),
      mirror: this.#options.mirror(),
      nowMs: nowMs(),
      nowUnixMs: Date.now(),
    })
  }

  /** A server that serves now, under whatever virtual service, goes on serving through a reload. */
  async #plan(inUse: InUse): Promise<unknown> {
    const loaded = await this.#options.load()
    if (loaded.kind === 'refused') return { error: [...loaded.errors, ...loaded.explained].join('\n') }
    const { config } = loaded
    const current = await this.#options.forwarder.read(AbortSignal.timeout(LOOK_MS_MAX))
    const adopted = new Set(adoptedTargets(config, current, () => false).map(targetId))
    const serves = (virtual: number, real: number): boolean => adopted.has(targetId({ virtual, real }))
    const drained = drainsIn(config, this.#options.drains.list)
    const isDrained = (virtual: number, real: number): boolean => takesOut(drained({ virtual, real }))
    const upkeep = (virtual: number, real: number): boolean =>
      serves(virtual, real) && !isDrained(virtual, real)
    return {
      edits: planLines(config, current, upkeep, isDrained, ownedIds(config, inUse), {
        weightOf: limitsIn(config, drained),
        tellsClients: this.#options.forwarder.tellsClients === true,
      }),
      waiting: waitingLines(config, upkeep, isDrained),
    }
  }

  async #drain(
    { config }: InUse,
    request: Extract<ControlRequest, { kind: 'drain' | 'undrain' }>,
  ): Promise<Drained | Refused> {
    const { drains, onDrains, mirrored } = this.#options
    const place = findServer(config, request.server, request.virtual)
    if (typeof place === 'string') return { error: place }
    const list =
      request.kind === 'drain'
        ? withDrain(drains.list, { ...place, ...partOf(request), sinceMs: Date.now() })
        : withoutDrain(drains.list, place)
    if (list === null) return { error: `${DRAINS_MAX} servers are drained already` }
    if (request.kind === 'undrain' && list.length === drains.list.length)
      return { error: notDrained(request.server, this.#covering(config, place)) }
    const failure = drains.replace(list)
    if (failure !== null) return { error: `nothing was changed, because it would not last: ${failure}` }
    onDrains()
    return { servers: serversAt(config, place), mirror: await mirrored() }
  }

  /** A drain that is about more than this place, but holds one of its servers. */
  #covering(config: LdirectordConfig, place: Place): Drain | null {
    const isMeant = drainsIn(config, [{ ...place, ...NOBODY }])
    const held = drainsIn(config, this.#options.drains.list)
    for (const [virtual, { reals }] of config.virtuals.entries())
      for (const real of reals.keys()) {
        const drain = isMeant({ virtual, real }) === null ? null : held({ virtual, real })
        if (drain !== null) return drain
      }
    return null
  }
}

const NOBODY = { who: '', reason: '', sinceMs: 0, untilMs: null }

function notDrained(server: string, covering: Drain | null): string {
  if (covering === null) return `${server} is not drained`
  return `${server} is drained as ${placeOf(covering)}: undrain that`
}

/** What a drain or undrain has done. */
export interface Drained {
  readonly servers: readonly NamedServer[]
  readonly mirror: MirrorState
}

/** A server as the table and the status name it. */
export interface NamedServer {
  readonly virtual: string
  readonly server: string
}

/** The servers that a drain at this place is about. */
function serversAt(config: LdirectordConfig, place: Place): NamedServer[] {
  const isMeant = drainsIn(config, [{ ...place, ...NOBODY }])
  return config.virtuals.flatMap(({ key: inFile, reals }, virtual) => {
    const key = canonicalKey(inFile)
    return reals.flatMap((written, real) => {
      const { address, port } = realDestination(key, written, 0)
      const server = endpoint(address, port)
      return isMeant({ virtual, real }) === null ? [] : [{ virtual: serviceId(key), server }]
    })
  })
}

const targetId = ({ virtual, real }: Target): string => `${virtual} ${real}`

function partOf({ who, reason, untilMs, weight }: Extract<ControlRequest, { kind: 'drain' }>) {
  return { who, reason, untilMs, ...(weight > 0 && { weight }) }
}

/**
 * The clients that the daemon starts itself: the programs of respawn and failfast, kept by the runner from the moment
 * clients may sign on until the daemon leaves, and the built-in ipfail where that program is not installed.
 */
import type { Level } from '../../log/record.js'
import type { ClusterView } from '../api/cluster-view.js'
import type { HaCf } from '../config/ha-cf-table.js'
import { Connectivity, IPFAIL } from '../core/connectivity.js'
import { planChildren } from '../resources/plan/children.js'
import type { Message } from '../wire/message.js'
import { BuiltInIpfail } from './built-in-ipfail.js'
import { childFacts } from './child-facts.js'
import { isAsked } from './ping-nodes.js'
import type { RunnerLink } from './runner-link.js'

/** The part of the daemon that a built-in client talks to. */
export interface ClientDoor {
  view(): ClusterView
  submit(message: Message): void
  actsAs(client: string): void
}

export interface OwnClientsParts {
  readonly us: string
  readonly haCf: Pick<HaCf, 'respawn' | 'failfast' | 'media' | 'node' | 'keepalive' | 'auto_failback'>
  /** False: there are no ping nodes, or they cannot be asked. */
  readonly hasPings: boolean
  readonly runner: Pick<RunnerLink, 'keep' | 'endChildren'>
  readonly say: (level: Level, text: string) => void
}

const END_MS = 2_000

export class OwnClients {
  readonly #parts: OwnClientsParts
  #ipfail: BuiltInIpfail | null = null

  constructor(parts: OwnClientsParts) {
    this.#parts = parts
  }

  /** Clients may sign on. */
  start(door: ClientDoor): void {
    const { haCf, hasPings, runner, say } = this.#parts
    const lines = [
      ...haCf.respawn.map(line => ({ ...line, isFailfast: false })),
      ...haCf.failfast.map(line => ({ ...line, isFailfast: true })),
    ]
    lines.sort((one, other) => one.place.span.line - other.place.span.line)
    const facts = childFacts(hasPings || !haCf.media.some(isAsked))
    const { children, warnings, needsBuiltInIpfail } = planChildren(lines, facts)
    for (const warning of warnings) say('WARN', warning)
    if (needsBuiltInIpfail) this.#startIpfail(door)
    runner.keep(children)
  }

  /** What clients of the cluster are shown. */
  deliver(message: Message): void {
    this.#ipfail?.deliver(message)
  }

  /** The daemon leaves; resolves when the programs have ended, within a limit. Asking twice is harmless. */
  end(): Promise<void> {
    this.#ipfail?.close()
    this.#ipfail = null
    return this.#parts.runner.endChildren(END_MS)
  }

  #startIpfail(door: ClientDoor): void {
    const { us, haCf, say } = this.#parts
    const [peer, another] = haCf.node.filter(node => node !== us)
    if (peer === undefined || another !== undefined || haCf.auto_failback === 'legacy') {
      say('WARN', 'ipfail wants two nodes, and auto_failback on or off: it is not started')
      return
    }
    say('info', 'ipfail is not installed: the built-in one is used')
    const connectivity = new Connectivity({
      ...{ us, peer, keepaliveMs: haCf.keepalive, autoFailback: haCf.auto_failback === 'on' },
      reachable: () => door.view().nodes.filter(({ status }) => status === 'ping').length,
      isInTransition: () => door.view().resources === 'transition',
    })
    this.#ipfail = new BuiltInIpfail({ connectivity, submit: message => door.submit(message), say })
    door.actsAs(IPFAIL)
    this.#ipfail.start()
  }
}

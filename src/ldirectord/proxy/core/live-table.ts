/**
 * The table of the proxy while it forwards: services and destinations with the connections they hold. Takes the
 * same edits as the kernel's table and complains of the same ones; chooses the destination of each new connection.
 * It knows no sockets: who opens and closes listeners reads the result of an edit.
 */
import { unreachable } from '../../../base/assert.js'
import {
  type Destination,
  type Edit,
  endpoint,
  type Service,
  type ServiceKey,
  serviceId,
  type Table,
} from '../../core/table.js'
import { type Ledger, LocalLedger, type Shares } from './ledger.js'
import { LiveDestination } from './live-destination.js'
import type { Templates } from './persistence.js'
import { refuseDestination, refuseService } from './refusals.js'
import { type Rotation, schedule } from './scheduler.js'
import { SLOTS_MAX } from './shared-state.js'

export interface LiveService {
  readonly id: string
  readonly key: Extract<ServiceKey, { protocol: 'tcp' | 'udp' }>
  settings: Service
  readonly destinations: Map<string, LiveDestination>
  readonly bySlot: Map<number, LiveDestination>
  /** Left the table while connections were open: added again, they are the same destination as before. */
  readonly leaving: Map<string, LiveDestination>
  readonly rotation: Rotation
  persistence: Templates
  /** What the workers' tables need to see the same rotation and templates; null where there are none. */
  shares: Pick<Shares, 'rotation' | 'templates'>
}

export interface DestinationCount {
  readonly key: ServiceKey
  readonly address: string
  readonly port: number
  readonly activeConnections: number
  readonly inactiveConnections: number
}

export interface Client {
  readonly address: string
  readonly port: number
}

/** Of a service that is not persistent. */
const NO_TEMPLATES: Templates = {
  find: () => null,
  remember: () => {},
  forgetExpired: () => {},
  bindings: () => [],
  inherit: () => {},
}

export class LiveTable {
  readonly services = new Map<string, LiveService>()
  readonly #ledger: Ledger

  constructor(ledger: Ledger = new LocalLedger()) {
    this.#ledger = ledger
  }

  get isEmpty(): boolean {
    return this.services.size === 0
  }

  /** null when applied, else one sentence. A worker's table gets the shares that the main one has dealt out. */
  apply(edit: Edit, shares: Shares = {}): string | null {
    switch (edit.kind) {
      case 'addService':
        return this.#addService(edit.service, shares)
      case 'editService':
        return this.#editService(edit.service, shares)
      case 'deleteService':
        return this.#deleteService(serviceId(edit.key))
      case 'addDestination':
      case 'editDestination':
      case 'deleteDestination': {
        const service = this.services.get(serviceId(edit.key))
        if (!service) return 'Service not defined'
        if (edit.kind === 'addDestination') return this.#addDestination(service, edit.destination, shares)
        if (edit.kind === 'editDestination') return editDestination(service, edit.destination)
        return this.#deleteDestination(service, edit.destination)
      }
      default:
        return unreachable(edit)
    }
  }

  table(): Table {
    const services = [...this.services.values()].map(service => ({
      ...service.settings,
      destinations: [...service.destinations.values()].map(destination => destination.settings),
    }))
    return { services }
  }

  counters(): DestinationCount[] {
    return [...this.services.values()].flatMap(({ key, destinations }) =>
      [...destinations.values()].map(({ settings: { address, port }, active, inactive }) => ({
        key,
        address,
        port,
        activeConnections: active,
        inactiveConnections: inactive,
      })),
    )
  }

  /** The destination of a new connection; `tried` holds those that have just refused it. */
  choose(
    service: LiveService,
    client: Client,
    nowMs: number,
    tried: ReadonlySet<LiveDestination>,
  ): LiveDestination | null {
    const { settings } = service
    const may = (destination: LiveDestination): boolean =>
      destination.isInTable && destination.weight > 0 && !tried.has(destination)
    const { persistentSeconds } = settings
    if (persistentSeconds !== null) {
      const known = service.persistence.find(client.address, settings.netmask, nowMs)
      if (known && may(known)) {
        service.persistence.remember(
          client.address,
          settings.netmask,
          known,
          nowMs + persistentSeconds * 1000,
        )
        return known
      }
    }
    const candidates = [...service.destinations.values()].filter(
      destination => may(destination) && !destination.isOverloaded,
    )
    // Who called is a text only for those schedulers that ask for it.
    const caller = {
      get address() {
        return client.address
      },
      get port() {
        return client.port
      },
      serviceAddress: service.key.address,
    }
    const chosen = schedule(
      settings.scheduler,
      candidates,
      caller,
      service.rotation,
      settings.schedulerFlags,
    ) as LiveDestination | null
    if (chosen && persistentSeconds !== null) {
      service.persistence.remember(client.address, settings.netmask, chosen, nowMs + persistentSeconds * 1000)
    }
    return chosen
  }

  #addService(service: Service, shares: Shares): string | null {
    const refusal = refuseService(service)
    if (refusal) return refusal
    const id = serviceId(service.key)
    if (this.services.has(id)) return 'Service already exists'
    const { rotation, buffer } = this.#ledger.openRotation(shares)
    const live: LiveService = {
      id,
      key: service.key as LiveService['key'],
      settings: { ...service, destinations: [] },
      destinations: new Map(),
      bySlot: new Map(),
      leaving: new Map(),
      rotation,
      persistence: NO_TEMPLATES,
      shares: buffer ? { rotation: buffer } : {},
    }
    this.services.set(id, live)
    this.#openTemplates(live, shares)
    return null
  }

  #editService(service: Service, shares: Shares): string | null {
    const known = this.services.get(serviceId(service.key))
    if (!known) return 'No such service'
    const refusal = refuseService(service)
    if (refusal) return refusal
    known.settings = { ...service, destinations: [] }
    this.#openTemplates(known, shares)
    return null
  }

  /** What a service remembers takes memory only once it is to be persistent. */
  #openTemplates(service: LiveService, shares: Shares): void {
    if (service.settings.persistentSeconds === null || service.persistence !== NO_TEMPLATES) return
    const { templates, buffer } = this.#ledger.openTemplates(shares, slot => service.bySlot.get(slot))
    service.persistence = templates
    if (buffer) service.shares = { ...service.shares, templates: buffer }
  }

  #deleteService(id: string): string | null {
    const known = this.services.get(id)
    if (!known) return 'No such service'
    this.services.delete(id)
    for (const { slot } of known.destinations.values()) this.#ledger.closeDestination(slot)
    return null
  }

  #addDestination(service: LiveService, settings: Destination, shares: Shares): string | null {
    const id = endpoint(settings.address, settings.port)
    if (service.destinations.has(id)) return 'Destination already exists'
    const refusal = refuseDestination(settings)
    if (refusal) return refusal
    if (this.#leadsTo(id, service, new Set())) {
      return `${id} leads back to the service ${service.id} itself: connections would go round for ever`
    }
    const left = service.leaving.get(id)
    const isSame = left !== undefined && (shares.slot ?? left.slot) === left.slot
    const destination = isSame ? left : this.#open(settings, shares)
    if (destination === null) return `the proxy has room for ${SLOTS_MAX} real servers of all services`
    service.leaving.delete(id)
    if (isSame) this.#ledger.reopenDestination(destination.slot)
    destination.settings = settings
    destination.isInTable = true
    destination.updateOverload()
    service.destinations.set(id, destination)
    service.bySlot.set(destination.slot, destination)
    return null
  }

  #open(settings: Destination, shares: Shares): LiveDestination | null {
    const place = this.#ledger.openDestination(shares)
    return place && new LiveDestination(settings, place.slot, place.tally)
  }

  #deleteDestination(service: LiveService, { address, port }: Destination): string | null {
    const known = service.destinations.get(endpoint(address, port))
    if (!known) return 'No such destination'
    service.destinations.delete(known.id)
    service.bySlot.delete(known.slot)
    for (const [id, leaving] of service.leaving) {
      if (leaving.active + leaving.inactive === 0) service.leaving.delete(id)
    }
    known.isInTable = false
    this.#ledger.closeDestination(known.slot)
    if (known.active + known.inactive > 0) service.leaving.set(known.id, known)
    return null
  }

  /** Whether what is sent to an endpoint comes to a service, through other services of this proxy perhaps. */
  #leadsTo(id: string, target: LiveService, seen: Set<string>): boolean {
    const service = this.services.get(`${target.key.protocol}:${id}`)
    if (service === target) return true
    if (!service || seen.has(id)) return false
    seen.add(id)
    return [...service.destinations.keys()].some(next => this.#leadsTo(next, target, seen))
  }
}

function editDestination(service: LiveService, settings: Destination): string | null {
  const known = service.destinations.get(endpoint(settings.address, settings.port))
  if (!known) return 'No such destination'
  const refusal = refuseDestination(settings)
  if (refusal) return refusal
  known.settings = settings
  known.updateOverload()
  return null
}

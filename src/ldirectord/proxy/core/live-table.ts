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
import { isNetmask } from './netmask.js'
import { Persistence } from './persistence.js'
import { type Candidate, type Rotation, schedule, schedulerNames, startRotation } from './scheduler.js'

/** A destination and what goes to it. The object lives on while connections do, even when it left the table. */
export class LiveDestination implements Candidate {
  readonly id: string
  settings: Destination
  /** Connections, those in other processes included. */
  active = 0
  inactive = 0
  /** Those that processes from before an upgrade still serve. */
  readonly elsewhere = { active: 0, inactive: 0 }
  /** Above its upper threshold, until it falls below the lower one. */
  isOverloaded = false
  isInTable = true

  constructor(settings: Destination) {
    this.id = endpoint(settings.address, settings.port)
    this.settings = settings
  }

  get weight(): number {
    return this.settings.weight
  }

  get own(): { active: number; inactive: number } {
    return { active: this.active - this.elsewhere.active, inactive: this.inactive - this.elsewhere.inactive }
  }

  countElsewhere(active: number, inactive: number): void {
    this.active += active
    this.inactive += inactive
    this.elsewhere.active += active
    this.elsewhere.inactive += inactive
    this.updateOverload()
  }

  /** Moves a connection between not counted, inactive (connecting, half closed) and active (established). */
  count(from: 'none' | 'inactive' | 'active', to: 'none' | 'inactive' | 'active'): void {
    if (from !== 'none') this[from]--
    if (to !== 'none') this[to]++
    this.updateOverload()
  }

  /** As IPVS: overloaded from `upper` on, free again below `lower`, or below three quarters when there is none. */
  updateOverload(): void {
    const { upper, lower } = this.settings
    const total = this.active + this.inactive
    if (upper === 0) this.isOverloaded = false
    else if (total >= upper) this.isOverloaded = true
    else if (lower > 0 ? total < lower : total * 4 < upper * 3) this.isOverloaded = false
  }
}

export interface LiveService {
  readonly id: string
  readonly key: Extract<ServiceKey, { protocol: 'tcp' | 'udp' }>
  settings: Service
  readonly destinations: Map<string, LiveDestination>
  /** Left the table while connections were open: added again, they are the same destination as before. */
  readonly leaving: Map<string, LiveDestination>
  readonly rotation: Rotation
  readonly persistence: Persistence
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

export class LiveTable {
  readonly services = new Map<string, LiveService>()

  get isEmpty(): boolean {
    return this.services.size === 0
  }

  /** null when applied, else one sentence. */
  apply(edit: Edit): string | null {
    switch (edit.kind) {
      case 'addService':
        return this.#addService(edit.service)
      case 'editService':
        return this.#editService(edit.service)
      case 'deleteService':
        return this.services.delete(serviceId(edit.key)) ? null : 'No such service'
      case 'addDestination':
      case 'editDestination':
      case 'deleteDestination': {
        const service = this.services.get(serviceId(edit.key))
        if (!service) return 'Service not defined'
        if (edit.kind === 'addDestination') return this.#addDestination(service, edit.destination)
        if (edit.kind === 'editDestination') return editDestination(service, edit.destination)
        return deleteDestination(service, edit.destination)
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
    const caller = { ...client, serviceAddress: service.key.address }
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

  #addService(service: Service): string | null {
    const refusal = refuse(service)
    if (refusal) return refusal
    const id = serviceId(service.key)
    if (this.services.has(id)) return 'Service already exists'
    this.services.set(id, {
      id,
      key: service.key as LiveService['key'],
      settings: { ...service, destinations: [] },
      destinations: new Map(),
      leaving: new Map(),
      rotation: startRotation(),
      persistence: new Persistence(),
    })
    return null
  }

  #editService(service: Service): string | null {
    const known = this.services.get(serviceId(service.key))
    if (!known) return 'No such service'
    const refusal = refuse(service)
    if (refusal) return refusal
    known.settings = { ...service, destinations: [] }
    return null
  }

  #addDestination(service: LiveService, settings: Destination): string | null {
    const id = endpoint(settings.address, settings.port)
    if (service.destinations.has(id)) return 'Destination already exists'
    const refusal = refuseDestination(settings)
    if (refusal) return refusal
    if (this.#leadsTo(id, service, new Set())) {
      return `${id} leads back to the service ${service.id} itself: connections would go round for ever`
    }
    const destination = service.leaving.get(id) ?? new LiveDestination(settings)
    service.leaving.delete(id)
    destination.settings = settings
    destination.isInTable = true
    destination.updateOverload()
    service.destinations.set(id, destination)
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

function deleteDestination(service: LiveService, { address, port }: Destination): string | null {
  const known = service.destinations.get(endpoint(address, port))
  if (!known) return 'No such destination'
  service.destinations.delete(known.id)
  for (const [id, leaving] of service.leaving) {
    if (leaving.active + leaving.inactive === 0) service.leaving.delete(id)
  }
  known.isInTable = false
  if (known.active + known.inactive > 0) service.leaving.set(known.id, known)
  return null
}

function refuse(service: Service): string | null {
  const { key } = service
  if (key.protocol === 'fwm')
    return 'the proxy cannot forward firewall marks: use an address, with protocol=tcp or udp'
  if (key.port === 0) return 'the proxy needs a port to listen on, not 0'
  if (!schedulerNames.includes(service.scheduler)) {
    return `the proxy has no scheduler ${service.scheduler}; it knows ${schedulerNames.join(', ')}`
  }
  if (service.netmask !== null && !isNetmask(key.family, service.netmask)) {
    return `${service.netmask} is no netmask for persistence`
  }
  return null
}

function refuseDestination(settings: Destination): string | null {
  if (settings.port === 0) return 'the proxy needs the port of a real server, not 0'
  return null
}

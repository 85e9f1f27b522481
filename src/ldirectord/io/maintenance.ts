/**
 * The maintenance directory: a file named after a server takes it out of service. The folder is listed now and then
 * instead of asking for each name at each check, and addresses are turned into names one after the other beside the
 * checks, so that a slow name server delays nobody (a name is missing until it is known; the address always works).
 */
import { lookupService } from 'node:dns/promises'
import { readdir } from 'node:fs/promises'
import { nowMs } from '../../base/io/real-clock.js'
import { endpoint } from '../core/table.js'

const NAMES_KEPT_MS = 60_000
const ADDRESSES_MAX = 10_000

interface Server {
  readonly address: string
  readonly port: number
}

/** The file names that stand for a server with this host name: the name and its first part, each with port or without. */
export function maintenanceNames(hostName: string, port: number): string[] {
  const names = [`${hostName}:${port}`, hostName]
  const short = /^([a-z][^.]*)\./.exec(hostName)?.[1]
  return short === undefined ? names : [...names, `${short}:${port}`, short]
}

/** Rejects for an address that has no name. */
export type NameOf = (address: string) => Promise<string>

const systemName: NameOf = async address => (await lookupService(address, 0)).hostname

export class Maintenance {
  readonly #directory: string
  readonly #nameOf: NameOf
  /** Address to host name; null: it has none. */
  readonly #hostNames = new Map<string, string | null>()
  readonly #addresses: readonly string[]
  #files: ReadonlySet<string> = new Set()
  #namedAtMs = Number.NEGATIVE_INFINITY
  #isNaming = false

  constructor(directory: string, servers: readonly Server[], nameOf = systemName) {
    this.#directory = directory
    this.#nameOf = nameOf
    this.#addresses = [...new Set(servers.map(server => server.address))].slice(0, ADDRESSES_MAX)
  }

  /** Lists the folder again. One that does not exist (yet) takes nobody out. */
  async refresh(): Promise<void> {
    if (nowMs() - this.#namedAtMs > NAMES_KEPT_MS) void this.#learnNames()
    try {
      this.#files = new Set(await readdir(this.#directory))
    } catch {
      this.#files = new Set()
    }
  }

  covers(server: Server): boolean {
    if (this.#files.size === 0) return false
    const { address, port } = server
    const bare = address.includes(':') ? `[${address}]` : address
    const hostName = this.#hostNames.get(address) ?? null
    const names = [
      endpoint(address, port),
      bare,
      ...(hostName === null ? [] : maintenanceNames(hostName, port)),
    ]
    return names.some(name => this.#files.has(name))
  }

  /** One look-up at a time: a dead name server then holds one thread of the pool and not all of them. */
  async #learnNames(): Promise<void> {
    if (this.#isNaming) return
    this.#isNaming = true
    for (const address of this.#addresses) {
      const hostName = await this.#nameOf(address).catch(() => address)
      this.#hostNames.set(address, hostName === address ? null : hostName)
    }
    this.#namedAtMs = nowMs()
    this.#isNaming = false
  }
}

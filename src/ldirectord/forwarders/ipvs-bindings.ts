/**
 * The persistence templates of /proc/net/ip_vs_conn, read without a process. A template is a row without a client
 * port; its virtual side is the service's address, port and protocol, or `IP` and the number of the mark.
 */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { canonicalAddress } from '../core/address.js'
import { endpoint } from '../core/table.js'
import type { Bindings } from './forwarder.js'

const CONNECTIONS_FILE = '/proc/net/ip_vs_conn'
const EXPIRE_FILE = '/proc/sys/net/ipv4/vs/expire_quiescent_template'
const ROWS_MAX = 5_000_000

/** `10.77.0.200` for 0A4D00C8, the shortest form of a full IPv6 address. */
function addressOf(text: string): string {
  if (text.includes(':')) return canonicalAddress(text.toLowerCase())
  return [0, 2, 4, 6].map(at => Number.parseInt(text.slice(at, at + 2), 16)).join('.')
}

/** `SERVICE DESTINATION` of a template, as bindingId writes it; null for any other row. */
export function templateOf(row: string): string | null {
  const [protocol, , clientPort, virtual, virtualPort, destination, port] = row.trim().split(/ +/)
  if (port === undefined || clientPort !== '0000') return null
  const server = endpoint(addressOf(destination!), Number.parseInt(port, 16))
  if (protocol === 'IP') {
    const family = virtual!.includes(':') ? 'fwm6' : 'fwm'
    const mark = Number.parseInt(virtual!.split(':').slice(-2).join(''), 16)
    return `${family}:${mark} ${server}`
  }
  const service = endpoint(addressOf(virtual!), Number.parseInt(virtualPort!, 16))
  return `${protocol!.toLowerCase()}:${service} ${server}`
}

/** null: this kernel shows none. */
export async function readBindings(signal: AbortSignal): Promise<Bindings | null> {
  try {
    const expires = await readFile(EXPIRE_FILE, 'utf8')
    const templates = new Map<string, number>()
    let rows = 0
    for await (const row of createInterface({ input: createReadStream(CONNECTIONS_FILE, { signal }) })) {
      if (++rows > ROWS_MAX) return null
      const id = templateOf(row)
      if (id !== null) templates.set(id, (templates.get(id) ?? 0) + 1)
    }
    return { expiresQuiescent: expires.trim() === '1', templates }
  } catch {
    return null // no IPVS in this network namespace, or not allowed to look
  }
}

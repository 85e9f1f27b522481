/**
 * Opens all planned links, or none: what was opened before a failure is closed again. Also what a daemon needs before
 * that: a description of this machine, and the addresses of ucast lines that name hosts.
 */
import { lookup } from 'node:dns/promises'
import { isIP, isIPv4 } from 'node:net'
import { closeDescriptor, isNativeFailure, nativeFault } from '../../base/io/native.js'
import { openUdpSocket } from '../../base/io/udp-descriptor.js'
import { openBcast } from './bcast.js'
import { readInterfaces } from './interfaces.js'
import { isLinkFailure, type Link, type LinkFailure, type LinkHandlers } from './link.js'
import type { LinkPlan, Machine, MediaLine } from './link-plan.js'
import { openMcast } from './mcast.js'
import { openMcast6 } from './mcast6.js'
import { ReceivePorts } from './receive-ports.js'
import { openSerial } from './serial.js'
import { openUcast } from './ucast.js'
import { openUcast6 } from './ucast6.js'

export async function openLinks(
  plans: readonly LinkPlan[],
  handlers: LinkHandlers,
): Promise<readonly Link[] | LinkFailure> {
  const ports = new ReceivePorts()
  const links: Link[] = []
  for (const plan of plans) {
    const link = await openLink(plan, handlers, ports)
    if (isLinkFailure(link)) {
      await Promise.all(links.map(opened => opened.close()))
      return link
    }
    links.push(link)
  }
  return links
}

function openLink(plan: LinkPlan, handlers: LinkHandlers, ports: ReceivePorts): Promise<Link | LinkFailure> {
  switch (plan.kind) {
    case 'ucast':
      return openUcast(plan, handlers, ports)
    case 'bcast':
      return openBcast(plan, handlers, ports)
    case 'mcast':
      return openMcast(plan, handlers, ports)
    case 'ucast6':
      return openUcast6(plan, handlers, ports)
    case 'mcast6':
      return openMcast6(plan, handlers, ports)
    case 'serial':
      return openSerial(plan, handlers)
  }
}

/** `ownAddresses`: of HA_LISTEN. */
export async function readMachine(ownAddresses: readonly string[]): Promise<Machine> {
  return { interfaces: await readInterfaces(), ownAddresses, deviceBindingFault: deviceBindingFault() }
}

/** Whether this process may bind a socket to a device: tried out, since kernels and capabilities differ. */
function deviceBindingFault(): string | null {
  const fault = nativeFault()
  if (fault !== null) return fault
  const fd = openUdpSocket({ address: '127.0.0.1', port: 0, device: 'lo' })
  if (isNativeFailure(fd)) return fd.reason
  closeDescriptor(fd)
  return null
}

const lookupMs = 5_000

/** The lines with host names replaced by addresses, looked up once; or which name is not known. */
export async function resolveMediaLines(lines: readonly MediaLine[]): Promise<MediaLine[] | LinkFailure> {
  const resolved: MediaLine[] = []
  for (const line of lines) {
    if (line.directive !== 'ucast' || isIPv4(line.address)) {
      resolved.push(line)
      continue
    }
    const address = await addressOf(line.address)
    if (address === null) {
      const reason = `ucast ${line.device} ${line.address}: cannot resolve the host name: write the address instead`
      return { reason, code: 'ENOTFOUND' }
    }
    resolved.push({ ...line, address })
  }
  return resolved
}

/** The address of a host, or null. */
export async function addressOf(host: string, family: 4 | 6 = 4): Promise<string | null> {
  if (isIP(host) === family) return host
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), lookupMs)
  })
  try {
    const found = await Promise.race([lookup(host, { family }), tooLong])
    return found?.address ?? null
  } catch {
    return null // unknown, or no answer: both mean that the line cannot be used
  } finally {
    clearTimeout(timer)
  }
}

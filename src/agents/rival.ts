/**
 * Asks the neighbours whether another machine has a service address: ARP probes (RFC 5227) or neighbour solicitations,
 * three, 100 ms apart. It runs beside the start of the address, so that nothing waits for it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ArpSocket, openArpSocket } from '../base/io/arp-socket.js'
import { isNativeFailure } from '../base/io/native.js'
import { openNeighbourSocket } from '../base/io/neighbour-socket.js'
import { runCommand } from '../base/io/run-command.js'
import { toBytes } from '../base/ipv6.js'
import type { AgentContext } from './agent.js'

const PROBES = 3
const LOOK_EVERY_MS = 20
/** A probe with every so many looks, and as many looks after the last: 400 ms in all. */
const LOOKS_BETWEEN = 5
/** Frames read at one look; the rest waits for the next. */
const FRAMES_MAX = 256

interface Asking {
  readonly ask: () => void
  /** The Ethernet address of one who answered; null: none yet. */
  readonly look: () => string | null
  readonly close: () => void
}

const NICS = '/sys/class/net'

/** Also of interfaces without an address, which answer for those of the others. */
function ownMacs(): ReadonlySet<string> {
  const withAddress = Object.values(networkInterfaces()).flatMap(entries => entries ?? [])
  const macs = withAddress.map(({ mac }) => mac)
  try {
    for (const nic of readdirSync(NICS)) macs.push(readFileSync(`${NICS}/${nic}/address`, 'latin1').trim())
  } catch {
    // Without /sys, or while an interface goes: those with addresses are known.
  }
  return new Set(macs)
}

/** Reads what has come; a machine answers with its own Ethernet address, and ours do not count. */
function firstRival<T>(
  receive: () => T | 'other' | null,
  macOf: (heard: T) => string | null,
  own: ReadonlySet<string>,
): string | null {
  for (let i = 0; i < FRAMES_MAX; i++) {
    const heard = receive()
    if (heard === null) return null
    const mac = heard === 'other' ? null : macOf(heard as T)
    if (mac !== null && !own.has(mac)) return mac
  }
  return null
}

function askingArp(socket: ArpSocket, address: string): Asking {
  const own = ownMacs()
  return {
    ask: () => void socket.probe(address),
    look: () => firstRival(socket.receive, heard => (heard.address === address ? heard.mac : null), own),
    close: socket.close,
  }
}

function askingNeighbours(nic: string, address: string): Asking | null {
  const socket = openNeighbourSocket(nic)
  if (isNativeFailure(socket)) return null
  const own = ownMacs()
  const bytes = toBytes(address)
  return {
    ask: () => void socket.solicit(bytes),
    look: () =>
      firstRival(
        socket.receive,
        heard => (Buffer.compare(heard.target, bytes) === 0 ? heard.mac : null),
        own,
      ),
    close: socket.close,
  }
}

async function listen(asking: Asking, signal: AbortSignal): Promise<string | null> {
  try {
    for (let look = 0; look < (PROBES + 1) * LOOKS_BETWEEN && !signal.aborted; look++) {
      if (look % LOOKS_BETWEEN === 0 && look < PROBES * LOOKS_BETWEEN) asking.ask()
      await sleep(LOOK_EVERY_MS)
      const rival = asking.look()
      if (rival !== null) return rival
    }
    return null
  } finally {
    asking.close()
  }
}

/** Without koffi: iputils' arping ends with 1 when somebody answered. */
async function byArping(nic: string, address: string, context: AgentContext): Promise<string | null> {
  const args = ['-D', '-c', '2', '-w', '1', '-I', nic, address]
  const result = await runCommand('arping', args, {
    timeoutMs: 3_000,
    env: context.env,
    signal: context.signal,
  })
  if (result.exitCode !== 1) return null
  return /\[([0-9A-Fa-f:]{17})\]/.exec(result.stdout)?.[1]?.toLowerCase() ?? null
}

/** The Ethernet address of another machine that has the address; null when none answered, or nobody could be asked. */
export async function findRival(nic: string, address: string, context: AgentContext): Promise<string | null> {
  if (address.includes(':')) {
    const asking = askingNeighbours(nic, address)
    return asking === null ? null : listen(asking, context.signal)
  }
  const socket = openArpSocket(nic)
  return isNativeFailure(socket)
    ? byArping(nic, address, context)
    : listen(askingArp(socket, address), context.signal)
}

/** Whether IPv6 neighbours can be asked here; where not, the kernel's own detection must do. */
export function canAskNeighbours(nic: string): boolean {
  const socket = openNeighbourSocket(nic)
  if (isNativeFailure(socket)) return false
  socket.close()
  return true
}

/**
 * Unsolicited neighbour advertisements after an IPv6 address has moved here: five, 200 ms apart, in the background.
 * Sent through the optional package koffi, else by a program that knows how.
 */
import { createRequire } from 'node:module'
import { endianness, networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../base/io/run-command.js'
import { type AgentContext, ANNOUNCEMENTS } from './agent.js'
import { toBytes } from './ipv6.js'
import { advertisementFrame } from './neighbour-advertisement.js'

const AF_PACKET = 17
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o2004000
const ETH_P_IPV6 = 0x86dd
const running = new Map<string, AbortController>()

type SendFrame = (nic: string, frame: Uint8Array) => boolean

interface Koffi {
  load(path: null): { func(definition: string): never }
}

let sendFrame: SendFrame | null | undefined

/** null where the calls cannot be made. Numbers as in base/io/native.ts. */
function loadSendFrame(): SendFrame | null {
  try {
    const libc = (createRequire(import.meta.url)('koffi') as Koffi).load(null)
    const socket: (domain: number, type: number, protocol: number) => number =
      libc.func('int socket(int, int, int)')
    const sendto: (...args: readonly unknown[]) => number | bigint = libc.func(
      'int64_t sendto(int, const void *, uint64_t, int, const void *, uint32_t)',
    )
    const close: (fd: number) => number = libc.func('int close(int)')
    const indexOf: (name: string) => number = libc.func('uint32_t if_nametoindex(const char *)')
    return (nic, frame) => {
      const index = indexOf(nic)
      const fd = index === 0 ? -1 : socket(AF_PACKET, SOCK_RAW_NONBLOCK_CLOEXEC, 0)
      if (fd < 0) return false
      const to = Buffer.alloc(20)
      const isLittle = endianness() === 'LE'
      isLittle ? to.writeUInt16LE(AF_PACKET, 0) : to.writeUInt16BE(AF_PACKET, 0)
      to.writeUInt16BE(ETH_P_IPV6, 2)
      isLittle ? to.writeInt32LE(index, 4) : to.writeInt32BE(index, 4)
      to[11] = 6
      to.set(frame.subarray(0, 6), 12)
      const sent = Number(sendto(fd, frame, frame.length, 0, to, to.length))
      close(fd)
      return sent === frame.length
    }
  } catch {
    return null // not installed, or built for another C library
  }
}

function byFrame(nic: string, address: string): boolean {
  sendFrame ??= loadSendFrame()
  const mac = networkInterfaces()[nic]?.[0]?.mac
  if (!sendFrame || mac === undefined || mac === '00:00:00:00:00:00') return false
  return sendFrame(nic, advertisementFrame(Buffer.from(mac.replaceAll(':', ''), 'hex'), toBytes(address)))
}

/** The program of the resource-agents package: address, prefix length, interface. */
async function byProgram(nic: string, address: string, context: AgentContext): Promise<boolean> {
  const options = { timeoutMs: 3_000, env: context.env }
  const args = ['-i', '200', '-c', '1', address, '64', nic]
  return (await runCommand('/usr/libexec/heartbeat/send_ua', args, options)).exitCode === 0
}

/** Starts and returns at once; the promise ends with the last advertisement and never rejects. */
export async function advertise(
  nic: string,
  address: string,
  instance: string,
  context: AgentContext,
): Promise<void> {
  cancelAdvertisements(address)
  const stopping = new AbortController()
  running.set(address, stopping)
  const { count, everyMs } = context.announcements ?? ANNOUNCEMENTS
  for (let i = 0; i < count && !stopping.signal.aborted; i++) {
    if (i > 0) await sleep(everyMs)
    if (stopping.signal.aborted) break
    if (byFrame(nic, address) || (await byProgram(nic, address, context))) continue
    context.log(
      'WARNING',
      instance,
      `neighbours were not told that ${address} moved here: install the package koffi, or they find out by themselves`,
    )
    break
  }
  if (running.get(address) === stopping) running.delete(address)
}

export function cancelAdvertisements(address: string): void {
  running.get(address)?.abort()
  running.delete(address)
}

/**
 * Unsolicited neighbour advertisements after an IPv6 address has moved here: five, 200 ms apart, in the background.
 * Sent through the optional package koffi, else by a program that knows how.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendFrames } from '../base/io/native.js'
import { runCommand } from '../base/io/run-command.js'
import { type AgentContext, ANNOUNCEMENTS } from './agent.js'
import { toBytes } from './ipv6.js'
import { advertisementFrame } from './neighbour-advertisement.js'

const ETH_P_IPV6 = 0x86dd
const running = new Map<string, AbortController>()

const byFrame = (nic: string, address: string): boolean =>
  sendFrames(nic, ETH_P_IPV6, mac => [advertisementFrame(mac, toBytes(address))]) === null

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

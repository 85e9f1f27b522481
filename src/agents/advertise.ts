/**
 * Unsolicited neighbour advertisements: tell the neighbours that an IPv6 address has moved here. Sent through the
 * optional package koffi, else by a program that knows how.
 */
import { sendFrames } from '../base/io/ethernet.js'
import { runCommand } from '../base/io/run-command.js'
import { toBytes } from '../base/ipv6.js'
import type { AgentContext } from './agent.js'
import { announceRepeatedly } from './announcements.js'
import { advertisementFrame } from './neighbour-advertisement.js'

const ETH_P_IPV6 = 0x86dd

const byFrame = (nic: string, address: string): boolean =>
  sendFrames(nic, ETH_P_IPV6, mac => [advertisementFrame(mac, toBytes(address))]) === null

/** The program of the resource-agents package: address, prefix length, interface. */
async function byProgram(nic: string, address: string, context: AgentContext): Promise<boolean> {
  const options = { timeoutMs: 3_000, env: context.env }
  const args = ['-i', '200', '-c', '1', address, '64', nic]
  return (await runCommand('/usr/libexec/heartbeat/send_ua', args, options)).exitCode === 0
}

/** Starts advertising and returns at once. */
export function advertise(
  nic: string,
  address: string,
  instance: string,
  context: AgentContext,
): Promise<void> {
  const once = async (): Promise<boolean> => byFrame(nic, address) || (await byProgram(nic, address, context))
  const otherwise = 'install the package koffi, or they find out by themselves'
  return announceRepeatedly({ address, instance, once, otherwise }, context)
}

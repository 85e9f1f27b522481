/** Gratuitous ARP: tells the neighbours that an IPv4 address has moved here. */
import { sendGratuitousArp } from '../base/io/ethernet.js'
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext } from './agent.js'
import { announceRepeatedly } from './announcements.js'

/** Says false when this way is not available on this machine. */
type Announcer = (nic: string, address: string, context: AgentContext) => Promise<boolean>

const byProgram =
  (file: string, args: (nic: string, address: string) => string[]): Announcer =>
  async (nic, address, context) => {
    const result = await runCommand(file, args(nic, address), { timeoutMs: 3_000, env: context.env })
    return result.spawnError === null
  }

const ANNOUNCERS: readonly Announcer[] = [
  async (nic, address) => sendGratuitousArp(nic, address) === null,
  byProgram('arping', (nic, address) => ['-U', '-c', '1', '-w', '1', '-I', nic, address]),
  byProgram('/usr/libexec/heartbeat/send_arp', (nic, address) => [
    ...['-i', '200', '-r', '1', nic, address, 'auto', 'not_used', 'not_used'],
  ]),
]

async function announceOnce(nic: string, address: string, context: AgentContext): Promise<boolean> {
  for (const announcer of ANNOUNCERS) if (await announcer(nic, address, context)) return true
  return false
}

/** Starts announcing and returns at once. */
export function announce(
  nic: string,
  address: string,
  instance: string,
  context: AgentContext,
): Promise<void> {
  const once = (): Promise<boolean> => announceOnce(nic, address, context)
  const otherwise = 'install arping, or they find out when their ARP entries expire'
  return announceRepeatedly({ address, instance, once, otherwise }, context)
}

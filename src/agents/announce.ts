/**
 * Gratuitous ARP: tells the neighbours that an address has moved here. Five announcements 200 ms apart, in the
 * background, as the original does, if not told otherwise; a later stop of the address ends those that are still to come.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendGratuitousArp } from '../base/io/native.js'
import { runCommand } from '../base/io/run-command.js'
import { type AgentContext, ANNOUNCEMENTS } from './agent.js'

const running = new Map<string, AbortController>()

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

/** Starts announcing and returns at once; the promise ends with the last announcement and never rejects. */
export async function announce(
  nic: string,
  address: string,
  instance: string,
  context: AgentContext,
): Promise<void> {
  cancelAnnouncements(address)
  const stopping = new AbortController()
  running.set(address, stopping)
  const { count, everyMs } = context.announcements ?? ANNOUNCEMENTS
  for (let i = 0; i < count && !stopping.signal.aborted; i++) {
    if (i > 0) await sleep(everyMs)
    if (stopping.signal.aborted) break
    if (!(await announceOnce(nic, address, context))) {
      context.log(
        'WARNING',
        instance,
        `neighbours were not told that ${address} moved here: install arping, or they find out when their ARP entries expire`,
      )
      break
    }
  }
  if (running.get(address) === stopping) running.delete(address)
}

/** True when announcements of this address were still under way. */
export function cancelAnnouncements(address: string): boolean {
  const stopping = running.get(address)
  stopping?.abort()
  return running.delete(address)
}

/** Addresses and ports that nobody else on this machine uses just now. */
import { createSocket } from 'node:dgram'

/** A UDP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createSocket('udp4')
  await new Promise<void>(resolve => probe.bind(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise<void>(resolve => probe.close(() => resolve()))
  return port
}

let networks = 0

/** A /24 of 127.0.0.0/8 of this process, such as `127.77.5`. */
export function loopbackNetwork(): string {
  networks++
  return `127.${64 + (process.pid % 128)}.${networks % 250}`
}

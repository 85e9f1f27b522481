/** Addresses that nobody else on this machine uses just now. */

let networks = 0

/** A /24 of 127.0.0.0/8 of this process, such as `127.77.5`. */
export function loopbackNetwork(): string {
  networks++
  return `127.${64 + (process.pid % 128)}.${networks % 250}`
}

/** From the media that ha.cf lists to those that links carry; ping hosts are watched, not linked, elsewhere. */
import { isPing, type Medium } from '../config/media.js'
import type { MediaLine } from './plan.js'

export interface CarriedMedia {
  readonly lines: readonly MediaLine[]
  /** Media of ha.cf that exist in heartbeat and not here yet, such as serial: to be said in the log. */
  readonly notCarried: readonly Medium[]
}

export function carriedMedia(media: readonly Medium[]): CarriedMedia {
  const lines: MediaLine[] = []
  const notCarried: Medium[] = []
  for (const medium of media) {
    const line = lineOf(medium)
    if (line) lines.push(line)
    else if (!isPing(medium)) notCarried.push(medium)
  }
  return { lines, notCarried }
}

function lineOf(medium: Medium): MediaLine | null {
  const { line } = medium.place.span
  switch (medium.kind) {
    case 'ucast':
      return {
        directive: 'ucast',
        line,
        device: medium.device,
        address: medium.address,
        port: medium.udpport,
      }
    case 'bcast':
      return { directive: 'bcast', line, device: medium.device, port: medium.udpport }
    case 'mcast': {
      const { device, group, port, ttl, loop } = medium
      return { directive: 'mcast', line, device, group, port, ttl, loop }
    }
    default:
      return null
  }
}

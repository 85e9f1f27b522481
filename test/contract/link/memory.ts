/**
 * A link inside one process, for tests: as unreliable as the test wants (`passes`), as bounded as a kernel's buffer,
 * and never faster than the next turn of the event loop.
 */

import {
  type Link,
  type LinkCounts,
  type LinkHandlers,
  packetsWaitingMax,
} from '../../../src/heartbeat/links/link.js'
import { datagramBytesMax } from '../../../src/heartbeat/wire/packet.js'

interface Station {
  readonly name: string
  readonly address: string
  readonly handlers: LinkHandlers
  readonly counts: LinkCounts
  waiting: number
  isFailing: boolean
  isOpen: boolean
}

/** All links of one medium: what one sends, all others hear. */
export class MemoryMedium {
  /** Whether a packet between these addresses arrives now. */
  passes: (from: string, to: string) => boolean = () => true
  #stations: Station[] = []

  open(name: string, address: string, handlers: LinkHandlers): Link {
    const counts: LinkCounts = { sent: 0, dropped: 0, received: 0 }
    const station: Station = { name, address, handlers, counts, waiting: 0, isFailing: false, isOpen: true }
    this.#stations.push(station)
    return {
      name,
      kind: 'memory',
      form: 'netstring',
      counts,
      send: bytes => this.#send(station, bytes),
      close: async () => {
        station.isOpen = false
        this.#stations = this.#stations.filter(other => other !== station)
      },
    }
  }

  #send(from: Station, bytes: Uint8Array): void {
    if (!from.isOpen) return
    if (bytes.length > datagramBytesMax) {
      from.counts.dropped++
      this.#say(from, true, `fails: a packet of ${bytes.length} bytes`)
      return
    }
    this.#say(from, false, 'works again')
    from.counts.sent++
    for (const to of this.#stations) {
      if (to === from || !this.passes(from.address, to.address)) continue
      if (to.waiting >= packetsWaitingMax) continue
      this.#deliver(from, to, Buffer.from(bytes))
    }
  }

  #say(station: Station, isFailing: boolean, how: string): void {
    if (station.isFailing === isFailing) return
    station.isFailing = isFailing
    station.handlers.onTrouble(`link ${station.name}: sending ${how}`, station.name)
  }

  #deliver(from: Station, to: Station, bytes: Buffer): void {
    to.waiting++
    queueMicrotask(() => {
      to.waiting--
      if (!to.isOpen) return
      to.counts.received++
      to.handlers.onPacket(bytes, { link: to.name, address: from.address, port: 0 })
    })
  }
}

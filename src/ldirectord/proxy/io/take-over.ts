/** The new process's part of an upgrade: takes table and sockets from the process that started it, and its place. */
import { Socket as UdpSocket } from 'node:dgram'
import { Server } from 'node:net'
import type { ControlServer } from './control-server.js'
import type { DataPlane } from './data-plane.js'
import type { Bequest, TakenOver } from './hand-over.js'

/** Resolves when this process forwards; rejects with a sentence when the other one is gone before. */
export function takeOver(plane: DataPlane, control: ControlServer, publish: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let queue = control.listen()
    queue.catch(reject)
    const take = async (bequest: Bequest, handle: unknown): Promise<void> => {
      switch (bequest.kind) {
        case 'estate':
          return plane.take(bequest.estate)
        case 'socket':
          if (handle instanceof Server || handle instanceof UdpSocket)
            await plane.inherit(bequest.service, handle)
          return
        case 'descriptor':
          return plane.inheritDescriptor(bequest.service, bequest.fd)
        case 'complete':
          await plane.openRest()
          publish()
          process.send?.({ kind: 'taken over' } satisfies TakenOver, undefined, {}, () => resolve())
      }
    }
    const gone = (): void => reject(new Error('the process that was to hand over is gone'))
    process.once('disconnect', gone)
    process.on('message', (bequest: Bequest, handle: unknown) => {
      queue = queue.then(() => take(bequest, handle))
      queue.catch(reject)
    })
  })
}

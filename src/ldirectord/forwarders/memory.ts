/** A table in memory: the forwarder of the tests. It refuses what the kernel refuses, with the same words. */
import { editTogether } from '../core/edit-table.js'
import { type Edit, EMPTY_TABLE, type Table } from '../core/table.js'
import type { EditResult, Forwarder } from './forwarder.js'

export interface MemoryForwarder extends Forwarder {
  /** The table as it is now; assign to play an administrator who edits by hand. */
  table: Table
}

export function memoryForwarder(initial: Table = EMPTY_TABLE): MemoryForwarder {
  const forwarder: MemoryForwarder = {
    name: 'memory',
    table: initial,
    read: async () => forwarder.table,
    apply: async (edits: readonly Edit[]) => {
      const { table, errors } = editTogether(forwarder.table, edits)
      forwarder.table = table
      return edits.map((edit, at): EditResult => ({ edit, error: errors[at]! }))
    },
    counters: async () =>
      forwarder.table.services.flatMap(service =>
        service.destinations.map(({ address, port }) => ({
          key: service.key,
          address,
          port,
          activeConnections: 0,
          inactiveConnections: 0,
        })),
      ),
    close: async () => {},
  }
  return forwarder
}

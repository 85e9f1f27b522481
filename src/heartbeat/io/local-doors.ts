/**
 * The doors for programs of this machine: the FIFO of scripts and commands, the register socket of API clients, the
 * control socket of `heartbeat status`.
 */
import type { Level } from '../../log/record.js'
import type { ClusterView } from '../api/cluster-view.js'
import type { NamedRule } from '../api/rules.js'
import type { ClusterStatus } from '../core/cluster.js'
import type { Message } from '../wire/message.js'
import type { ApiSocket } from './api-socket.js'
import { openClientSocket } from './client-access.js'
import { ControlSocket } from './control-socket.js'
import { openFifo } from './fifo.js'
import { failureOf } from './start-failure.js'

type Say = (level: Level, text: string) => void

/** Throws the reason why the daemon cannot start without it; gives back how it is closed. */
export async function openFifoDoor(
  path: string,
  say: Say,
  onMessage: (message: Message) => void,
): Promise<() => void> {
  try {
    const fifo = await openFifo(path, {
      onMessage,
      onRefused: reason => say('ERROR', `message in ${path} refused: ${reason}`),
    })
    if (!fifo.wasThere) say('info', `Creating FIFO ${path}.`)
    return () => fifo.close()
  } catch (error) {
    throw failureOf(`cannot open the FIFO ${path}`, error as NodeJS.ErrnoException)
  }
}

/** The cluster is worth more than its clients: without a socket it goes on, and says so. */
export async function openApiDoor(
  folder: string,
  apiauth: readonly NamedRule[],
  say: Say,
  cluster: { readonly view: () => ClusterView; readonly onSubmit: (message: Message) => void },
): Promise<ApiSocket | null> {
  try {
    return await openClientSocket({ folder, apiauth, ...cluster, onLog: say })
  } catch (error) {
    say('ERROR', `no client socket, cl_status will not work: ${(error as Error).message}`)
    return null
  }
}

/** The same for the control socket. */
export async function openControlDoor(
  varRun: string,
  say: Say,
  status: () => ClusterStatus,
  onRestart: () => void,
): Promise<ControlSocket | null> {
  try {
    return await ControlSocket.open(varRun, status, onRestart)
  } catch (error) {
    say('ERROR', `no control socket, heartbeat status will not work: ${(error as Error).message}`)
    return null
  }
}

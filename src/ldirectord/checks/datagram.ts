/**
 * A question in a datagram (DNS, RADIUS, SIP, simpletcp over UDP) and the answer that decides. Only the server that was
 * asked is heard. Datagrams get lost, so a question is repeated after 1, 2, 4 ... seconds until the deadline.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Outcome, Probe, Progress } from './check.js'

const FIRST_REPEAT_MS = 1_000

export interface DatagramOptions {
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly isRepeated: boolean
}

export interface Question {
  readonly request: Uint8Array
  /** The outcome, or null when this datagram decides nothing. */
  readonly read: (answer: Buffer) => Outcome | null
}

/** `ask` is called with the socket's own address, which SIP and RADIUS name in the question. */
export function askDatagram(
  { address, port }: Probe,
  { signal, progress, isRepeated }: DatagramOptions,
  ask: (local: { readonly address: string; readonly port: number }) => Question,
): Promise<Outcome> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  let repeat: NodeJS.Timeout | undefined
  const answered = new Promise<Outcome>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    socket.on('error', error => {
      // The kernel reports a closed port for an earlier datagram: that is a refused connection.
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') progress.reached = 'connecting'
      reject(error)
    })
    socket.connect(port, address, () => {
      progress.reached = 'asking'
      const { request, read } = ask(socket.address())
      socket.on('message', message => {
        const outcome = read(message)
        if (outcome) resolve(outcome)
      })
      const send = (waitMs: number): void => {
        socket.send(request)
        if (isRepeated) repeat = setTimeout(() => send(2 * waitMs), waitMs)
      }
      send(FIRST_REPEAT_MS)
    })
  })
  return answered.finally(() => {
    clearTimeout(repeat)
    close(socket)
  })
}

function close(socket: Socket): void {
  socket.removeAllListeners('message')
  socket.close()
}

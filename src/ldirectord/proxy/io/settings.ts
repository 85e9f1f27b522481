/** The limits of the proxy, in one place; tests shorten the times. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export interface ProxySettings {
  /** Connections and UDP sessions of all services together. */
  readonly connectionsMax: number
  /** No byte in either direction for this long ends a connection; 900 s as IPVS does for TCP. */
  readonly idleTimeoutMs: number
  /** No datagram in either direction for this long ends a session; 300 s as IPVS does for UDP. */
  readonly udpIdleTimeoutMs: number
  /** How long a session of one-packet scheduling waits for its answer. */
  readonly onePacketAnswerMs: number
  /** For each attempt to reach a real server. */
  readonly connectTimeoutMs: number
  /** Real servers tried for one connection. */
  readonly attemptsMax: number
  /** Between two attempts to listen on an address that is not free or not there yet. */
  readonly listenRetryMs: number
  /** How long the process stays without services and without ldirectord. */
  readonly lingerMs: number
  /** How long a process that was replaced serves the connections that it has. */
  readonly retirementMs: number
  /** Threads that may forward TCP, while nobody says otherwise. */
  readonly workers: number
  /** So many of them work always. */
  readonly workersLeast: number
  /** The file of their program; null: TCP is forwarded by Node's own sockets, in the main thread. */
  readonly workerProgram: string | null
  /** How long a worker may take to carry out an edit. */
  readonly workerAnswerMs: number
}

/** More than these are for a machine that does little else: it is to be said. */
const WORKERS_UNASKED_MAX = 4

/** Descriptors that are not connections: listeners, the control socket, node's own. */
const RESERVED_DESCRIPTORS = 256

export function defaultSettings(): ProxySettings {
  return {
    connectionsMax: Math.max(16, Math.floor((openFilesMax() - RESERVED_DESCRIPTORS) / 2)),
    idleTimeoutMs: 900_000,
    udpIdleTimeoutMs: 300_000,
    onePacketAnswerMs: 10_000,
    connectTimeoutMs: 3_000,
    attemptsMax: 3,
    listenRetryMs: 200,
    lingerMs: 2_000,
    retirementMs: 86_400_000,
    workers: Math.min(availableParallelism(), WORKERS_UNASKED_MAX),
    workersLeast: 1,
    workerProgram: null,
    workerAnswerMs: 8_000,
  }
}

/** `ulimit -n`: Node raises it to the hard limit when it starts, and /proc shows the result. */
export function openFilesMax(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  return line ? Number(line[1]) : 1024 // 'unlimited', which Linux does not grant for files
}

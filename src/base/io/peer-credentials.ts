/** Who is at the other end of a unix socket, as the kernel knows it. */
import { calls, failure, int32, isNativeFailure, type NativeFailure, SOL_SOCKET } from './native.js'

const SO_PEERCRED = 17

export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Who connected to this unix stream socket (effective ids at the time of connect). */
export function peerCredentials(fd: number): PeerCredentials | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const bytes = Buffer.alloc(12)
  if (c.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes, int32(bytes.length)) !== 0)
    return failure(c, 'SO_PEERCRED')
  const [pid, uid, gid] = new Uint32Array(Uint8Array.from(bytes).buffer)
  return { pid: pid ?? 0, uid: uid ?? 0, gid: gid ?? 0 }
}

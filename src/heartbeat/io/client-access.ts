/** The client socket of a daemon with the users and groups of this machine: who may connect, and who may sign on. */
import { authorizationRules, type NamedRule } from '../api/rules.js'
import { readAccounts } from './accounts.js'
import { ApiSocket, type ApiSocketOptions } from './api-socket.js'

export type ClientAccess = Omit<ApiSocketOptions, 'owner' | 'rules'> & {
  /** Lines `apiauth` of ha.cf. */
  readonly apiauth: readonly NamedRule[]
}

/** Rejects with the reason when the socket cannot be made. */
export function openClientSocket({ apiauth, ...options }: ClientAccess): Promise<ApiSocket> {
  const { users, groups } = readAccounts()
  const ownUid = process.geteuid?.() ?? 0
  const uid = users.get('hacluster')
  const gid = groups.get('haclient')
  return ApiSocket.open({
    ...options,
    owner: ownUid === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : null,
    rules: authorizationRules(apiauth, users, groups, ownUid),
  })
}

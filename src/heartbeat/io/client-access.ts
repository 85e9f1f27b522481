/** The client socket of a daemon with the users and groups of this machine: who may connect, and who may sign on. */
import { authorizationRules, type NamedRule } from '../api/rules.js'
import { clientOwner, readAccounts } from './accounts.js'
import { ApiSocket, type ApiSocketOptions } from './api-socket.js'

export type ClientAccess = Omit<ApiSocketOptions, 'owner' | 'rules'> & {
  /** Lines `apiauth` of ha.cf. */
  readonly apiauth: readonly NamedRule[]
}

/** Rejects with the reason when the socket cannot be made. */
export function openClientSocket({ apiauth, ...options }: ClientAccess): Promise<ApiSocket> {
  const { users, groups } = readAccounts()
  const ownUid = process.geteuid?.() ?? 0
  return ApiSocket.open({
    ...options,
    owner: clientOwner(),
    rules: authorizationRules(apiauth, users, groups, ownUid),
  })
}

/**
 * Who may sign on under which name: `apiauth` of ha.cf and the built-in classes. Users and groups are numbers here;
 * who turns names into numbers is not this file's business.
 */

export interface AuthorizationRule {
  readonly uids: readonly number[]
  readonly gids: readonly number[]
}

export interface Credentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** The class of clients without a name, such as cl_status. */
export const CASUAL_CLASS = 'anon'

/** Names to look up for the built-in classes: `NAME uid=... gid=...` in words. */
export const BUILTIN_CLASSES: Readonly<
  Record<string, { readonly users: string[]; readonly groups: string[] }>
> = {
  ipfail: { users: ['hacluster'], groups: [] },
  ccm: { users: ['hacluster'], groups: [] },
  ping: { users: [], groups: ['haclient'] },
  'lha-snmpagent': { users: ['root'], groups: [] },
  anon: { users: ['root'], groups: ['haclient'] },
}

/** null when the client may sign on, else the original's reason. */
export function refusalOf(
  className: string,
  client: Credentials,
  rules: ReadonlyMap<string, AuthorizationRule>,
): string | null {
  const rule = rules.get(className) ?? rules.get('default')
  if (!rule) return 'no default client auth'
  if (rule.uids.includes(client.uid) || rule.gids.includes(client.gid)) return null
  return 'client failed authorization'
}

/** Children and clients of heartbeat as ha.cf lists them: respawn, failfast, apiauth, env, stonith. */
import type { ArgForm } from '../../syntax/directive.js'

export interface Respawn {
  readonly user: string
  /** Full path of the program. */
  readonly path: string
  /** Program and arguments as written. */
  readonly command: string
}

/** The words behind the program. */
export function respawnArguments(command: string): string[] {
  return command
    .split(/\s+/)
    .filter(word => word !== '')
    .slice(1)
}

export interface ApiAuth {
  readonly name: string
  readonly uid: readonly string[]
  readonly gid: readonly string[]
}

export interface EnvSetting {
  readonly name: string
  readonly value: string
}

export interface Stonith {
  readonly type: string
  readonly parameters: string
}

export interface StonithHost {
  /** `*` stands for every node. */
  readonly host: string
  /** Empty: none given, which is refused on the host itself only. */
  readonly type: string
  readonly parameters: string
}

const split = (text: string, count: number): string[] => {
  const parts: string[] = []
  let rest = text
  while (parts.length < count - 1) {
    const match = /^(\S*)\s*/.exec(rest)!
    parts.push(match[1]!)
    rest = rest.slice(match[0].length)
  }
  return [...parts, rest]
}

export const userAndCommand: ArgForm<Respawn> = {
  form: 'USER /PATH ARGS',
  parse: text => {
    const wanted = 'a user and the full path of a program'
    const [user = '', command = ''] = split(text, 2)
    if (user === '')
      return { wanted, found: 'nothing', original: 'Invalid uid [] specified for client child' }
    const path = /^\S*/.exec(command)![0]
    if (!path.startsWith('/')) {
      const at = { offset: Math.max(text.length - command.length, 0), length: path.length }
      return {
        wanted,
        found: path === '' ? 'no program' : `"${path}"`,
        original: `Client child command [${path}] is not full pathname`,
        at: path === '' ? { offset: 0, length: text.length } : at,
      }
    }
    return { value: { user, path, command } }
  },
}

export const apiClient: ArgForm<ApiAuth> = {
  form: 'NAME uid=LIST gid=LIST',
  parse: text => {
    const wanted = 'a client name with uid=, gid= or both, such as "ipfail uid=hacluster"'
    const [name = '', rest = ''] = split(text, 2)
    const lists = { uid: [] as string[], gid: [] as string[] }
    for (const match of rest.matchAll(/\S+/g)) {
      const [key, list] = match[0].split('=', 2) as [string, string | undefined]
      if ((key !== 'uid' && key !== 'gid') || list === undefined) {
        const at = { offset: text.length - rest.length + match.index, length: match[0].length }
        return { wanted, found: `"${match[0]}"`, original: 'Missing uid or gid in apiauth', at }
      }
      lists[key].push(...list.split(',').filter(item => item !== ''))
    }
    if (lists.uid.length + lists.gid.length === 0) {
      return {
        wanted,
        found: name === '' ? 'nothing' : `"${text}"`,
        original: `Invalid apiauth directive [${text}]`,
      }
    }
    return { value: { name, ...lists } }
  },
}

export const nameValue: ArgForm<EnvSetting> = {
  form: 'NAME=VALUE ...',
  parse: text => {
    const equals = text.indexOf('=')
    if (equals === 0) return { wanted: 'a name before "="', original: `set_env: invalid nvpair(${text})` }
    if (equals < 0)
      return { value: { name: text, value: '' }, doubt: 'has no "=": the variable is set but empty' }
    return { value: { name: text.slice(0, equals), value: text.slice(equals + 1) } }
  },
}

export const stonithDevice: ArgForm<Stonith> = {
  form: 'TYPE FILE',
  parse: text => {
    const [type = '', parameters = ''] = split(text, 2)
    if (type !== '') return { value: { type, parameters } }
    return { wanted: 'a type and a parameter file', found: 'nothing', original: 'No Stonith type given' }
  },
}

export const stonithHost: ArgForm<StonithHost> = {
  form: 'HOST TYPE PARAMS',
  parse: text => {
    const [host = '', type = '', parameters = ''] = split(text, 3)
    if (host !== '') return { value: { host, type, parameters } }
    return {
      wanted: 'a host, a type and its parameters',
      found: 'nothing',
      original: 'No Stonith hostname argument given',
    }
  },
}

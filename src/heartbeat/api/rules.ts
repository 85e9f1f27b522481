/** From the words of `apiauth` and the built-in classes to the numbers that a signon is judged by. */
import { type AuthorizationRule, BUILTIN_CLASSES, CASUAL_CLASS } from './authorization.js'

export interface NamedRule {
  readonly name: string
  readonly uid: readonly string[]
  readonly gid: readonly string[]
}

type Numbers = ReadonlyMap<string, number>

/** A line of ha.cf replaces the built-in class of its name. Whoever runs the daemon may always ask it. */
export function authorizationRules(
  lines: readonly NamedRule[],
  users: Numbers,
  groups: Numbers,
  ownUid: number,
): Map<string, AuthorizationRule> {
  const numbers = (names: readonly string[], known: Numbers): number[] =>
    names.flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : (known.get(name) ?? [])))
  const rules = new Map<string, AuthorizationRule>()
  for (const [name, builtin] of Object.entries(BUILTIN_CLASSES)) {
    rules.set(name, { uids: numbers(builtin.users, users), gids: numbers(builtin.groups, groups) })
  }
  for (const line of lines) {
    rules.set(line.name, { uids: numbers(line.uid, users), gids: numbers(line.gid, groups) })
  }
  const casual = rules.get(CASUAL_CLASS) ?? { uids: [], gids: [] }
  rules.set(CASUAL_CLASS, { ...casual, uids: [...casual.uids, ownUid] })
  return rules
}

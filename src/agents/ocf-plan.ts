/**
 * How a resource of haresources becomes the call of an OCF resource agent: `OCF::TYPE::INSTANCE`. INSTANCE names a
 * file HA_DIR/conf/OCF/TYPE/INSTANCE of assignments, as in the original. Ours besides: TYPE may be PROVIDER:TYPE, and
 * `name=value` words may stand in place of the file, as in `OCF::heartbeat:IPaddr2::ip=10.0.0.1::nic=eth0`.
 */

export interface OcfResource {
  readonly provider: string | null
  readonly type: string
  /** The name of the resource for log lines and OCF_RESOURCE_INSTANCE. */
  readonly instance: string
  /** Below HA_DIR; null: the parameters stand in the arguments. */
  readonly file: string | null
  readonly assignments: readonly Assignment[]
}

export type Assignment = readonly [name: string, value: string]
export type Problem = { readonly problem: string }

const WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

export function parseOcfArguments(args: readonly string[]): OcfResource | Problem {
  const [typeText = '', ...rest] = args
  const [type = '', provider = null] = typeText.split(':').toReversed()
  if (!WORD.test(type) || (provider !== null && !WORD.test(provider)) || typeText.split(':').length > 2) {
    return { problem: `OCF wants the name of an agent such as Dummy or heartbeat:Dummy; found "${typeText}"` }
  }
  const [instance = ''] = rest
  if (!instance.includes('=')) {
    if (rest.length !== 1 || !WORD.test(instance)) {
      return {
        problem: `OCF wants the name of a file of conf/OCF/${type}, or name=value; found "${rest.join('::')}"`,
      }
    }
    return { provider, type, instance, file: `conf/OCF/${type}/${instance}`, assignments: [] }
  }
  const assignments: Assignment[] = []
  for (const word of rest) {
    const equals = word.indexOf('=')
    const name = word.slice(0, equals)
    if (equals < 1 || !NAME.test(name)) return { problem: `OCF wants name=value; found "${word}"` }
    assignments.push([name, word.slice(equals + 1)])
  }
  return { provider, type, instance: `${type}_${assignments[0]?.[1] ?? ''}`, file: null, assignments }
}

/**
 * A file of plain assignments, as a shell reads them: quotes, comments, an `export` in front. The original hands the
 * file to the shell; what only a shell can do is refused here with the line that wants it.
 */
export function readAssignments(text: string): Assignment[] | Problem {
  const assignments: Assignment[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const found =
      /^(?:export\s+)?([A-Za-z_]\w{0,63})=(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\;&|<>()#]*))\s*(?:#.*)?$/.exec(
        line,
      )
    if (!found) {
      return {
        problem: `line ${index + 1} wants name=value without shell expressions; found "${line.slice(0, 80)}"`,
      }
    }
    assignments.push([found[1] ?? '', found[2] ?? found[3] ?? found[4] ?? ''])
  }
  return assignments
}

/** Never from a configuration file: they change how every program is loaded. */
const FORBIDDEN = /^(?:LD_|BASH_|ENV$|IFS$|NODE_OPTIONS$|PATH$)/

/** What the agent finds in its environment beside what the caller's scripts find. */
export function ocfEnvironment(
  resource: OcfResource,
  provider: string,
  assignments: readonly Assignment[],
  ocfRoot: string,
): Record<string, string> {
  const env: Record<string, string> = {
    OCF_ROOT: ocfRoot,
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '0',
    OCF_RESOURCE_INSTANCE: resource.instance,
    OCF_RESOURCE_TYPE: resource.type,
    OCF_RESOURCE_PROVIDER: provider,
    OCF_RES_NAME: resource.instance,
  }
  for (const [name, value] of assignments) {
    if (FORBIDDEN.test(name)) continue
    env[name] = value
    // The original exports names as they are, so files for it spell OCF_RESKEY_ out; nobody should have to.
    if (!name.startsWith('OCF_')) env[`OCF_RESKEY_${name}`] = value
  }
  return env
}

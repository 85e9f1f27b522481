/**
 * The environment that scripts were promised by the original: HA_* of the daemon, every ha.cf parameter, and for
 * scripts of rc.d every text field of the message that called them.
 */
import type { Paths } from '../../../base/paths.js'
import type { Message } from '../../wire/message.js'

export interface ScriptSettings {
  readonly paths: Paths
  readonly us: string
  /** Effective ha.cf values by directive, as texts. */
  readonly parameters: Readonly<Record<string, string>>
  /** Lines `env` of ha.cf. */
  readonly settings: readonly { readonly name: string; readonly value: string }[]
  readonly logfile: string | null
  readonly debugfile: string | null
  readonly logfacility: string | null
  readonly use_logd: boolean
  readonly debug: number
  /** Where the shell functions for scripts are; absent where the usual places hold them. */
  readonly shellFunctions?: { readonly shellfuncs?: string; readonly ocfFunctionsDir?: string }
  /** What the daemon itself was given: PATH, LANG and the like. */
  readonly inherited: Readonly<Record<string, string | undefined>>
}

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
/** Of the daemon's own environment scripts get only these: nothing that changes how a shell or loader behaves. */
const PASSED_ON = ['TZ', 'HOME', 'TERM', 'HA_STOPRETRYMAX', 'HA_INITDIR', 'HA_LISTEN']

export function scriptEnvironment(settings: ScriptSettings): Record<string, string> {
  const { paths, us, parameters, inherited } = settings
  const env: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = inherited[name]
    if (value !== undefined) env[name] = value
  }
  for (const [name, value] of Object.entries(parameters)) if (isName(name)) env[`HA_${name}`] = value
  for (const { name, value } of settings.settings) if (isName(name)) env[`HA_${name}`] = value
  Object.assign(env, {
    PATH: `/usr/libexec/heartbeat:/usr/share/heartbeat:${inherited.PATH ?? SYSTEM_PATH}`,
    LC_ALL: 'C',
    HA_CURHOST: us,
    HA_DIR: paths.haDir,
    HA_RCDIR: `${paths.haDir}/rc.d`,
    HA_RESOURCEDIR: `${paths.haDir}/resource.d`,
    HA_CF: `${paths.haDir}/ha.cf`,
    HA_FUNCS: settings.shellFunctions?.shellfuncs ?? `${paths.haDir}/shellfuncs`,
    HA_FIFO: `${paths.varLib}/fifo`,
    HA_VARLIB: paths.varLib,
    HA_VARRUN: paths.varRun,
    HA_VARLOG: paths.varLog,
    HA_RSCTMP: `${paths.varRun}/resource-agents`,
    HA_BIN: '/usr/libexec/heartbeat',
    HA_NOARCHBIN: '/usr/share/heartbeat',
    HA_DATEFMT: '%Y/%m/%d_%T\t',
    HA_LOGD: settings.use_logd ? 'yes' : 'no',
    OCF_ROOT: '/usr/lib/ocf',
  })
  // As scripts themselves would set it: ${OCF_FUNCTIONS_DIR:-$OCF_ROOT/lib/heartbeat}.
  const functionsDir = settings.shellFunctions?.ocfFunctionsDir
  if (functionsDir !== undefined) env.OCF_FUNCTIONS_DIR = functionsDir
  if (settings.logfile !== null) env.HA_LOGFILE = settings.logfile
  if (settings.debugfile !== null) env.HA_DEBUGLOG = settings.debugfile
  else if (settings.logfile !== null) env.HA_DEBUGLOG = settings.logfile
  if (settings.logfacility !== null) env.HA_LOGFACILITY = settings.logfacility
  if (settings.debug > 0) env.HA_debug = String(settings.debug)
  return env
}

/** Field and directive names that can stand in an environment variable. */
const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)
/**
 * A message comes from another machine: it must not replace what tells a script where its files are. The original
 * lets it; these are the names that the message types in use do not need.
 */
const RESERVED =
  /^(?:DIR|FUNCS|FIFO|BIN|NOARCHBIN|RCDIR|RESOURCEDIR|CF|VAR.*|RSCTMP|LOG.*|DEBUGLOG|DATEFMT|CURHOST|debug)$/

/** What rc.d scripts find beyond {@link scriptEnvironment}. */
export function messageEnvironment(
  message: Message,
  ourStatus: string,
  isLegacy: boolean,
): Record<string, string> {
  const env: Record<string, string> = { HA_OSTATUS: ourStatus }
  if (!isLegacy) env.HA_NICEFAILBACK = 'yes'
  for (const { name, value } of message.fields) {
    if (typeof value !== 'string' || !isName(name) || RESERVED.test(name)) continue
    env[`HA_${name}`] = value.replaceAll('\0', '')
  }
  return env
}

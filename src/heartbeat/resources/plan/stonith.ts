/**
 * STONITH devices of ha.cf as the `stonith` command of cluster-glue is told of them. Parameters may hold passwords, so
 * they go to the command in a file: `stonith TYPE FILE` names one, those of `stonith_host` are written into one for the
 * time of the call. Words and exit codes are as measured on heartbeat 3.0.6 and cluster-glue 1.0.12.
 */
import type { StonithResult } from '../../core/cluster.js'

export interface StonithDevice {
  readonly type: string
  /** What stands in the file, or which file it is. */
  readonly from: { readonly parameters: string } | { readonly file: string }
}

interface StonithLines {
  readonly stonith: readonly { readonly type: string; readonly parameters: string }[]
  readonly stonith_host: readonly {
    readonly host: string
    readonly type: string
    readonly parameters: string
  }[]
}

/** The devices that this node may use, in the order in which they are tried; lines for other hosts are not ours. */
export function stonithDevices({ stonith, stonith_host }: StonithLines, us: string): StonithDevice[] {
  const ours = stonith_host.filter(({ host }) => host === '*' || host.toLowerCase() === us)
  return [
    ...stonith.map(({ type, parameters }) => ({ type, from: { file: parameters } })),
    ...ours.map(({ type, parameters }) => ({ type, from: { parameters } })),
  ]
}

export const resetArguments = (type: string, file: string, node: string): readonly string[] => [
  ...['-t', type, '-F', file, '-T', 'reset', node],
]
export const statusArguments = (type: string, file: string): readonly string[] => [
  ...['-t', type, '-F', file, '-S'],
]

/** The device does not control that host. */
const BAD_HOST = 4

export function resultOf(exitCode: number | null): StonithResult {
  if (exitCode === 0) return 'OK'
  return exitCode === BAD_HOST ? 'badhost' : 'bad'
}

/** What the command printed, without the parameters: a plugin may repeat them. */
export function withoutParameters(output: string, parameters: string, nodes: readonly string[]): string {
  const isName = (word: string): boolean => word.split(',').some(part => nodes.includes(part.toLowerCase()))
  const secrets = parameters.split(/[\s=]+/).filter(word => word !== '' && !isName(word))
  secrets.sort((one, other) => other.length - one.length)
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), output)
}

/** What a device calls itself; the stonith command does not tell. Measured on heartbeat 3.0.6 with cluster-glue 1.0.12. */
const DEVICE_NAMES: ReadonlyMap<string, string> = new Map([
  ['null', 'NULL STONITH device'],
  ['ssh', 'SSH STONITH device'],
  ['meatware', 'Meatware STONITH device'],
  ['suicide', 'Suicide STONITH device'],
])

const nameOf = (type: string): string => DEVICE_NAMES.get(type) ?? type

export const resetting = (node: string, type: string): string =>
  `Resetting node ${node} with [${nameOf(type)}]`
export const nowReset = (node: string): string => `node ${node} now reset.`
export const notReset = (node: string): string => `Host ${node} not reset!`
export const cannotReset = (type: string, node: string): string => `Device ${type} cannot reset host ${node}.`
export const checking = (type: string): string => `Checking status of STONITH device [${nameOf(type)}]`
export const notOperational = (type: string): string => `STONITH device ${type} not operational!`
export const statusFailed = 'STONITH status operation failed.'
export const mayHaveFailed = 'This may mean that the STONITH device has failed!'

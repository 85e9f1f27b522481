/**
 * The lines that administrators and their scripts know from ldirectord.log, each a function, so that they can be
 * compared with the original's side by side. Text only: where a line goes is the log's business.
 */
import { type Destination, endpoint, type ServiceKey, serviceId } from './core/table.js'

/** The version that the original prints in its first line; scripts look for it. */
export const DIRECTOR_VERSION = 'v1.186-ha'

/** `10.0.0.1:80`, or the number of a mark. */
export function serviceText(key: ServiceKey): string {
  return key.protocol === 'fwm' ? String(key.mark) : endpoint(key.address, key.port)
}

const server = (destination: Destination): string => endpoint(destination.address, destination.port)
const weighted = (destination: Destination, key: ServiceKey): string =>
  `${server(destination)} (${serviceText(key)}) (Weight set to ${destination.weight})`

export const invoking = (program: string, args: readonly string[]): string =>
  `Invoking ldirectord invoked as: ${program} ${args.join(' ')} `
export const startingAsDaemon = (): string => `Starting Linux Director ${DIRECTOR_VERSION} as daemon`
export const startingWithPid = (pid: number): string =>
  `Starting Linux Director ${DIRECTOR_VERSION} with pid: ${pid}`
export const terminated = (signal: string): string =>
  `Linux Director Daemon terminated on signal: ${signal.replace(/^SIG/, '')}`
export const reloadOnSignal = (): string => 'Reloading Linux Director Daemon config on signal'
export const exiting = (status: number, text: string): string => `Exiting with exit_status ${status}: ${text}`

export const configChanged = (file: string): string => `Configuration file '${file}' has changed on disk`
export const configReread = (): string => ' - reread new configuration'
export const configIgnored = (): string => ' - ignore new configuration'

export const addedVirtual = (key: ServiceKey): string => `Added virtual server: ${serviceText(key)}`
export const changedVirtual = (key: ServiceKey): string => `Changed virtual server: ${serviceText(key)}`
export const purgedVirtual = (key: ServiceKey, when: 'start' | 'stop'): string =>
  `Purged virtual server (${when}): ${serviceText(key)}`

export const addedReal = (destination: Destination, key: ServiceKey): string =>
  `Added real server: ${weighted(destination, key)}`
export const restoredReal = (destination: Destination, key: ServiceKey): string =>
  `Restored real server: ${weighted(destination, key)}`
export const quiescentReal = (destination: Destination, key: ServiceKey): string =>
  `Quiescent real server: ${weighted(destination, key)}`
export const readdQuiescentReal = (destination: Destination, key: ServiceKey): string =>
  `Readd Quiescent real server: ${weighted(destination, key)}`
export const deletedReal = (destination: Destination, key: ServiceKey): string =>
  `Deleted real server: ${server(destination)} (${serviceText(key)})`
export const purgedReal = (destination: Destination, key: ServiceKey, when: 'start' | 'stop'): string =>
  `Purged real server (${when}): ${server(destination)} (${serviceText(key)})`
export const addedFallback = (destination: Destination, key: ServiceKey): string =>
  `Added fallback server: ${weighted(destination, key)}`
export const deletedFallback = (destination: Destination, key: ServiceKey): string =>
  `Deleted fallback server: ${server(destination)} (${serviceText(key)})`

export const inaccessibleReal = (
  destination: Pick<Destination, 'address' | 'port'>,
  key: ServiceKey,
): string =>
  `Inaccessible real server: ${endpoint(destination.address, destination.port)} (${serviceText(key)})`
export const emailAlert = (text: string): string => `emailalert: ${text}`

export const softFailure = (real: string, key: ServiceKey, failures: number, limit: number): string =>
  `Soft failure real server: ${real} (${serviceId(key)}) failure ${failures}/${limit}`
export const softFailuresReset = (real: string, key: ServiceKey): string =>
  `Resetting soft failure count: ${real} (${serviceId(key)})`

export const externalTimedOut = (seconds: number, command: string): string =>
  `system_timeout(${seconds}, ${command}) timed out, kill -TERM child`

export const commandFailed = (command: string, why: string): string => `system(${command}) failed: ${why}`

// Lines of ours. The original does not say why a server changed; these say it.
export const realChanged = (
  real: string,
  key: ServiceKey,
  from: string,
  to: string,
  because: string,
): string => `Real server ${real} (${serviceId(key)}): ${from} -> ${to} (${because})`
export const certificateEnds = (real: string, key: ServiceKey, sentence: string): string =>
  `Real server ${real} (${serviceId(key)}): ${sentence}`
export const recovering = (real: string, key: ServiceKey, successes: number, limit: number): string =>
  `Recovering real server: ${real} (${serviceId(key)}) success ${successes}/${limit}`
export const held = (real: string, key: ServiceKey, seconds: number): string =>
  `Real server ${real} (${serviceId(key)}) passes again, but has gone up and down: it stays out for ${seconds} s`
export const panic = (key: ServiceKey, active: boolean, up: number, of: number, threshold: number): string =>
  active
    ? `Virtual server ${serviceText(key)}: only ${up} of ${of} real servers up, below panicthreshold=${threshold}: those that were up stay in service`
    : `Virtual server ${serviceText(key)}: ${up} of ${of} real servers up, checks decide again`
export const drained = (real: string, key: ServiceKey, who: string, reason: string): string =>
  `Draining real server: ${real} (${serviceId(key)}) by ${who}${reason === '' ? '' : `: ${reason}`}`
export const undrained = (real: string, key: ServiceKey): string =>
  `Drain ended of real server: ${real} (${serviceId(key)})`
export const tookOver = (ms: number): string =>
  `Warm standby has taken over the table in ${Math.round(ms)} ms`
export const steppedBack = (): string => 'The table is left: back to warm standby'
export const forwarderChosen = (name: string, because: string): string => `Forwarding by ${name}: ${because}`
export const keptConfiguration = (file: string): string =>
  `The configuration in use stays: ${file} has an error and changes nothing until it is mended`

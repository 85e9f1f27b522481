/** Facts about this machine, for files that are meant for it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import type { HostFacts } from '../../heartbeat/config/host.js'

export const hostFacts: HostFacts = {
  hasInterface: name => !name.includes('/') && existsSync(`/sys/class/net/${name}`),
  isExecutable,
  isTerminal: path => existsSync(path) && statSync(path).isCharacterDevice(),
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // missing or not to be run: both mean the same here
  }
}

export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address))
}

export function ownName(): string {
  return hostname().toLowerCase()
}

/** Reads the facts of this machine for --live. Needs no root; what cannot be read is unknown. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { networkInterfaces, release } from 'node:os'
import { join } from 'node:path'
import { readSmallFile } from '../../base/io/files.js'
import type { Listener, Machine, MachineAddress } from '../live/machine.js'
import { textOfProcAddress } from '../live/proc-address.js'

const FILE_BYTES_MAX = 16 * 1024 * 1024
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

export function thisMachine(): Machine {
  const modules = modulesOf(release())
  return {
    addresses: addresses(),
    setting: path => text(join('/proc/sys', path))?.trim() ?? null,
    hasModule: name => {
      if (existsSync(`/sys/module/${name}`)) return true
      if (modules !== null) return modules.has(name)
      // Without a list the table itself tells; of schedulers nothing does.
      return name === 'ip_vs' ? existsSync('/proc/net/ip_vs') : null
    },
    hasProgram: name => PATH.some(folder => isProgram(join(folder, name))),
    ipvsadmAtBoot: ipvsadmAtBoot(),
    listeners: listeners(),
  }
}

/** null: cannot be read. */
function text(path: string): string | null {
  try {
    return readSmallFile(path, FILE_BYTES_MAX).toString('latin1')
  } catch {
    return null // missing, or not for this user: both mean not known
  }
}

function addresses(): MachineAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([nic, list]) =>
    (list ?? []).map(({ address, cidr }) => ({
      nic,
      address: address.split('%', 1)[0]!,
      prefix: Number(cidr?.split('/')[1] ?? 0),
    })),
  )
}

/** Names of all modules that this kernel can load or has built in; null: no list of them. */
function modulesOf(kernel: string): ReadonlySet<string> | null {
  const lists = ['modules.dep', 'modules.builtin'].map(name => text(`/lib/modules/${kernel}/${name}`))
  if (lists.every(list => list === null)) return null
  const names = lists.flatMap(list => [...(list ?? '').matchAll(/^(?:\S*\/)?([\w-]+)\.ko/gm)])
  return new Set(names.map(([, name]) => name!.replaceAll('-', '_')))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // not here
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // another init has no such folder
  }
}

/** systemd's link, or the start link of init.d with the switch that Debian's script asks. */
function ipvsadmAtBoot(): string | null {
  const units = '/etc/systemd/system'
  const wants = entries(units).filter(name => name.endsWith('.wants'))
  const link = wants.map(name => join(units, name, 'ipvsadm.service')).find(path => existsSync(path))
  if (link !== undefined) return link
  const starts = entries('/etc/rc2.d').some(name => /^S\d\dipvsadm$/.test(name))
  const file = '/etc/default/ipvsadm'
  return starts && /^\s*AUTO=["']?true/m.test(text(file) ?? '') ? file : null
}

const TABLES = [
  { protocol: 'tcp', file: '/proc/net/tcp', state: '0A' },
  { protocol: 'tcp', file: '/proc/net/tcp6', state: '0A' },
  { protocol: 'udp', file: '/proc/net/udp', state: '07' },
  { protocol: 'udp', file: '/proc/net/udp6', state: '07' },
] as const

function listeners(): Listener[] | null {
  const found: Listener[] = []
  for (const { protocol, file, state } of TABLES) {
    const table = text(file)
    if (table === null && file === '/proc/net/tcp') return null
    for (const [, address, port, own] of (table ?? '').matchAll(
      /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /gm,
    ))
      if (own === state)
        found.push({ protocol, address: textOfProcAddress(address!), port: Number.parseInt(port!, 16) })
  }
  return found
}

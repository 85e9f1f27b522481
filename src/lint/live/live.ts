/**
 * `ha-lint --live`: the machine against the files. Which part a host plays is told by its addresses: it is a real server
 * of the services whose real= lines name it, unless it has the service address on an outer interface, and else a director.
 */
import type { Haresources } from '../../heartbeat/config/haresources.js'
import { type Diagnostic, inFileOrder } from '../../syntax/diagnostic.js'
import type { TextFile } from '../files.js'
import { type BroughtUp, checkDirector } from './director.js'
import { isTunnelOrLoopback, type Machine } from './machine.js'
import { checkReal } from './real.js'
import { type LiveReal, type LiveService, readLive, type Say, sayInto } from './services.js'
import { checkTools } from './tools.js'

export function lintLive(file: TextFile, haresources: Haresources | null, machine: Machine): Diagnostic[] {
  const live = readLive(file)
  const found: Diagnostic[] = []
  const say = sayInto(found, file)
  const roles = live.services.map(service => ({ service, own: realOf(service, machine) }))
  const directed = roles.filter(({ own }) => own.length === 0).map(({ service }) => service)
  for (const { service, own } of roles) if (own.length > 0) checkReal(service, own, file.path, machine, say)
  if (directed.length > 0) {
    checkTools(live, directed, machine, say)
    checkDirector(live, directed, machine, addressesOf(haresources), say)
  }
  tellUnseen(live.unreadLines, directed, machine, say)
  return inFileOrder(found)
}

/** The lines that name this machine, if it is a real server of the service. */
function realOf({ key, reals }: LiveService, machine: Machine): readonly LiveReal[] {
  const has = (address: string): boolean => machine.addresses.some(own => own.address === address)
  const isDirector =
    key.protocol !== 'fwm' &&
    machine.addresses.some(own => own.address === key.address && !isTunnelOrLoopback(own.nic))
  if (isDirector) return []
  return reals.filter(({ address }) => !address.startsWith('127.') && address !== '::1' && has(address))
}

const ADDRESS_AGENTS = new Set(['IPaddr', 'IPaddr2', 'IPv6addr'])

function addressesOf(haresources: Haresources | null): Map<string, BroughtUp> {
  const resources = haresources?.groups.flatMap(group => group.resources) ?? []
  return new Map(
    resources
      .filter(({ script }) => ADDRESS_AGENTS.has(script))
      .map(({ args }) => {
        const [address = '', prefix = ''] = (args[0] ?? '').split('/')
        return [address.toLowerCase(), { prefix: /^\d{1,3}$/.test(prefix) ? Number(prefix) : null }]
      }),
  )
}

function tellUnseen(
  unreadLines: readonly number[],
  directed: readonly LiveService[],
  machine: Machine,
  say: Say,
): void {
  const unseen = (message: string): void => say(null, 'info', 'not-seen', message)
  if (unreadLines.length > 0)
    unseen(
      `names are not looked up: the services at line ${unreadLines.join(', ')} were not, or not wholly, compared with this machine`,
    )
  if (directed.length === 0) {
    if (machine.listeners === null) unseen('/proc/net/tcp cannot be read: who listens was not compared')
    return
  }
  if (machine.hasModule('ip_vs') === null)
    unseen('the modules of this kernel cannot be read: whether it has ip_vs is not known')
  else if (machine.setting('net/ipv4/vs/expire_nodest_conn') === null && machine.hasModule('ip_vs') === true)
    unseen('net.ipv4.vs is not there before ip_vs is loaded: expire_* was not compared')
}

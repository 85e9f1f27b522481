/** From ldirectord.cf to what each real server with gate or ipip needs: which service addresses, on which interface. */
import type { LdirectordConfig } from '../ldirectord/config/model.js'
import type { Marked } from './arguments.js'

export interface Held {
  readonly address: string
  readonly family: 4 | 6
  readonly nic: 'lo' | 'tunl0'
}

export interface RealServerHost {
  /** Its own address. */
  readonly address: string
  readonly holds: readonly Held[]
}

export type RealServers = { readonly hosts: readonly RealServerHost[] } | { readonly problem: string }

interface Wanted {
  readonly method: 'gate' | 'ipip' | null
  readonly marked: readonly Marked[]
  readonly real: string | null
}

export function realServersOf(config: LdirectordConfig, wanted: Wanted): RealServers {
  const held = new Map<string, Map<string, Held>>()
  for (const { key, reals, line, text } of config.virtuals) {
    for (const real of reals) {
      const method = wanted.method ?? real.method
      if (method === 'masq' || isOwnHost(real.address)) continue
      const addresses = key.protocol === 'fwm' ? addressesOfMark(key, wanted.marked) : [key.address]
      if (addresses.length === 0)
        return {
          problem: `${config.file}:${line}: virtual=${text} is a firewall mark, and the file does not say which address it stands for: add --mark ${text}=ADDRESS:PORT`,
        }
      if (method === 'ipip' && key.family === 6)
        return {
          problem: `${config.file}:${real.line}: ipip over IPv6 needs a tunnel of your own (tunl0 carries IPv4 only): write gate, or set ${addresses[0]} by hand`,
        }
      const nic = method === 'ipip' ? 'tunl0' : 'lo'
      const own = held.get(real.address) ?? new Map<string, Held>()
      for (const address of addresses) {
        const other = own.get(address)
        if (other !== undefined && other.nic !== nic)
          return {
            problem: `${config.file}:${real.line}: ${real.address} gets ${address} by gate and by ipip; one host has it either on lo or on tunl0: write one method`,
          }
        own.set(address, { address, family: key.family, nic })
      }
      held.set(real.address, own)
    }
  }
  return chosen(config.file, held, wanted.real)
}

function chosen(
  file: string,
  held: ReadonlyMap<string, ReadonlyMap<string, Held>>,
  real: string | null,
): RealServers {
  const hosts = [...held].map(([address, own]) => ({ address, holds: [...own.values()] }))
  if (hosts.length === 0)
    return {
      problem: `${file}: no real server with gate or ipip; one with masq needs only its default route through the director (ha-convert nat)`,
    }
  if (real === null) return { hosts }
  const one = hosts.filter(({ address }) => address === real)
  return one.length > 0
    ? { hosts: one }
    : {
        problem: `${file}: --real wants a real server with gate or ipip (${hosts.map(({ address }) => address).join(', ')}); found ${real}`,
      }
}

/** The director itself has its address already. */
function isOwnHost(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function addressesOfMark(
  key: { readonly mark: number; readonly family: 4 | 6 },
  marked: readonly Marked[],
): string[] {
  const own = marked.filter(({ mark, family }) => mark === key.mark && family === key.family)
  return [...new Set(own.map(({ address }) => address))]
}

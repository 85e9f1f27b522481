/** What `ha-lint --live` knows of the machine: plain facts, handed in. What could not be seen is unknown, not wrong. */

export interface MachineAddress {
  readonly nic: string
  /** IPv6 without a zone, as the kernel's tools print it. */
  readonly address: string
  readonly prefix: number
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  /** null: every address. */
  readonly address: string | null
  readonly port: number
}

export interface Machine {
  readonly addresses: readonly MachineAddress[]
  /** Value of a kernel setting such as `net/ipv4/ip_forward`; null: this kernel has none, or it may not be read. */
  readonly setting: (path: string) => string | null
  /** Whether the kernel has a module, loaded or to be loaded; null: not known. */
  readonly hasModule: (name: string) => boolean | null
  readonly hasProgram: (name: string) => boolean
  /** What starts ipvsadm at boot, as a path; null: nothing. */
  readonly ipvsadmAtBoot: string | null
  /** null: not known. */
  readonly listeners: readonly Listener[] | null
}

/** The kernel takes the larger of `all` and the interface; null: neither can be read. */
export function largerOf(machine: Machine, nic: string, name: string): number | null {
  const values = ['all', nic].map(each => machine.setting(`net/ipv4/conf/${each}/${name}`))
  const known = values.filter(value => value !== null).map(Number)
  return known.length === 0 ? null : Math.max(...known)
}

export const isTunnelOrLoopback = (nic: string): boolean => nic === 'lo' || nic === 'tunl0'

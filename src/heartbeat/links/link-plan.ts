/**
 * What the media lines of ha.cf say, what this machine is, and what becomes of both: the plan of each link, that is, which
 * socket listens where, who is sent to, what the link is called. Values alone; plan.ts makes them.
 */
import type { Interface } from './interfaces.js'

export type MediaLine =
  | { directive: 'ucast'; line: number; device: string; address: string; port: number }
  | { directive: 'bcast'; line: number; device: string; port: number }
  | {
      directive: 'mcast'
      line: number
      device: string
      group: string
      port: number
      ttl: number
      loop: boolean
    }
  | { directive: 'ucast6'; line: number; device: string; address: string; port: number }
  | {
      directive: 'mcast6'
      line: number
      device: string
      group: string
      port: number
      ttl: number
      loop: boolean
    }
  | { directive: 'serial'; line: number; device: string; baud: number }

export interface Machine {
  readonly interfaces: readonly Interface[]
  /** Addresses that are ours although the interfaces do not tell, such as 127.77.0.1. */
  readonly ownAddresses: readonly string[]
  /** null: yes; else why not. */
  readonly deviceBindingFault: string | null
}

/** A local end of a socket, IPv4 or IPv6. */
export interface LocalEnd {
  readonly address: string
  readonly port: number
  /** null: not bound to a device. */
  readonly device: string | null
}

interface PlanBase {
  readonly name: string
  readonly device: string
  readonly listen: LocalEnd
  /** Where packets go out; port 0. */
  readonly source: LocalEnd
}

export interface UcastPlan extends PlanBase {
  readonly kind: 'ucast'
  readonly peers: readonly string[]
  readonly port: number
}

export interface BcastPlan extends PlanBase {
  readonly kind: 'bcast'
  readonly broadcast: string
  readonly port: number
}

export interface McastPlan extends PlanBase {
  readonly kind: 'mcast'
  readonly group: string
  readonly port: number
  readonly ttl: number
  readonly loop: boolean
  /** The address of the interface, by which the kernel knows it. */
  readonly interfaceAddress: string
}

export interface Ucast6Plan extends PlanBase {
  readonly kind: 'ucast6'
  /** Link-local ones with their interface behind a `%`. */
  readonly peers: readonly string[]
  readonly port: number
  /** A multicast link listens at the same port of the device. */
  readonly isShared: boolean
}

export interface Mcast6Plan extends PlanBase {
  readonly kind: 'mcast6'
  readonly group: string
  readonly port: number
  readonly ttl: number
  readonly loop: boolean
}

/** Name and device are the terminal's path. */
export interface SerialPlan extends Omit<PlanBase, 'listen' | 'source'> {
  readonly kind: 'serial'
  readonly baud: number
}

export type UdpPlan = UcastPlan | BcastPlan | McastPlan | Ucast6Plan | Mcast6Plan
export type LinkPlan = UdpPlan | SerialPlan

export interface PlanProblem {
  readonly severity: 'error' | 'warning' | 'info'
  readonly code:
    | 'unknown-device'
    | 'no-address'
    | 'own-address'
    | 'no-peer'
    | 'given-twice'
    | 'device-not-bound'
    | 'zone-differs'
  readonly message: string
  /** Of ha.cf. */
  readonly line: number
}

export interface LinksPlan {
  readonly plans: readonly LinkPlan[]
  readonly problems: readonly PlanProblem[]
}

/**
 * Resource classes as two bits, as the protocol thinks of them: local = the groups whose haresources line begins with
 * the node's own name, foreign = all others. What is local to us is foreign to the peer.
 */
import type { ResourceClass } from './contract.js'

export type Bits = 0 | 1 | 2 | 3
export const NONE: Bits = 0
export const LOCAL: Bits = 1
export const FOREIGN: Bits = 2
export const ALL: Bits = 3

const NAMES: readonly ResourceClass[] = ['none', 'local', 'foreign', 'all']

export function className(bits: Bits): ResourceClass {
  return NAMES[bits]!
}

/** The bits of `rsc_hold`; undefined for a word that is no class. */
export function classBits(name: string | undefined): Bits | undefined {
  const at = NAMES.indexOf(name as ResourceClass)
  return at === -1 ? undefined : (at as Bits)
}

/** The peer's words in ours, and back. */
export function flip(bits: Bits): Bits {
  return (((bits & LOCAL) << 1) | ((bits & FOREIGN) >> 1)) as Bits
}

export function union(a: Bits, b: Bits): Bits {
  return (a | b) as Bits
}

export function without(a: Bits, b: Bits): Bits {
  return (a & ~b) as Bits
}

export function common(a: Bits, b: Bits): Bits {
  return (a & b) as Bits
}

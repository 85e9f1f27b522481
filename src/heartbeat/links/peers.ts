/** The addresses that ucast and ucast6 lines name: the same file stands on all nodes, so some of them are our own. */
import type { PlanProblem } from './link-plan.js'

export type Say = (problem: PlanProblem) => void

/** A line as it is to be named, with its address in the one spelling that can be compared. */
export interface NamedAddress {
  readonly words: string
  readonly line: number
  readonly address: string
  readonly isOurs: boolean
}

/** Each peer once; what is left out is said. */
export function peersAmong(named: readonly NamedAddress[], say: Say): string[] {
  const peers: string[] = []
  for (const { words, line, address, isOurs } of named) {
    if (isOurs) {
      const message = `${words} is this node's own address: it is listened at, and nothing is sent to it`
      say({ severity: 'info', code: 'own-address', message, line })
    } else if (peers.includes(address)) {
      say({ severity: 'warning', code: 'given-twice', message: `${words} is given twice: used once`, line })
    } else {
      peers.push(address)
    }
  }
  return peers
}

export function sayNoPeer(
  { directive, device, line }: { readonly directive: string; readonly device: string; readonly line: number },
  say: Say,
): void {
  const message = `${directive}: no line for ${device} names a peer; add one with the other node's address`
  say({ severity: 'warning', code: 'no-peer', message, line })
}

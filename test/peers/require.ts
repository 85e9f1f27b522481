/**
 * `const test = peerTest('root', 'heartbeat')`: ava's test where these peers are here. Where one is missing the test
 * is reported as skipped with the reason in its title; with CI=true it fails, so that no pipeline is green by omission.
 */
import test, { type ExecutionContext, type ImplementationFn } from 'ava'
import { PEERS } from './machine.js'

/** What is missing of these peers, as one sentence; null when all are here. */
export function needs(names: readonly string[]): string | null {
  const missing = names.map(name => {
    const peer = PEERS.get(name)
    if (peer === undefined) throw new Error(`test/peers/machine.ts has no row for ${name}`)
    return peer.isHere() ? null : `${name} (${peer.remedy})`
  })
  const reasons = missing.filter(reason => reason !== null)
  return reasons.length === 0 ? null : `needs ${reasons.join(', ')}`
}

export type PeerTest = (title: string, run: ImplementationFn<[]>) => void

export function peerTest(...names: string[]): PeerTest {
  const reason = needs(names)
  if (reason === null) return (title, run) => test.serial(title, run)
  if (process.env.CI === 'true') {
    return title => test.serial(title, (t: ExecutionContext) => t.fail(`${reason}; with CI=true that fails`))
  }
  return (title, run) => test.serial.skip(`${title} [${reason}]`, run)
}

/**
 * Which forwarder this machine offers. `auto` takes the kernel's IPVS where it can be used and else the user-space
 * proxy; what was chosen and why is said in the log.
 */
import { existsSync } from 'node:fs'
import type { Forwarder } from './forwarder.js'
import { IPVSADM_PATHS, ipvsForwarder } from './ipvs.js'

export type WantedForwarder = 'auto' | 'ipvs' | 'proxy'

export type Choice =
  | { readonly kind: 'chosen'; readonly forwarder: Forwarder; readonly because: string }
  | { readonly kind: 'none'; readonly reason: string }

/** The environment overrides the file, so that one file can serve on machines of both kinds. */
export function wantedForwarder(
  inFile: WantedForwarder,
  fromEnvironment: string | undefined,
): WantedForwarder {
  return fromEnvironment === 'ipvs' || fromEnvironment === 'proxy' || fromEnvironment === 'auto'
    ? fromEnvironment
    : inFile
}

type Attempt = { readonly forwarder: Forwarder } | { readonly reason: string }

/** Reading the table is the proof: it needs the program, the rights and the kernel. */
async function tryIpvs(paths: readonly string[]): Promise<Attempt> {
  const program = paths.find(path => existsSync(path))
  if (program === undefined) return { reason: `there is no ${paths.join(' and no ')} (package ipvsadm)` }
  const forwarder = ipvsForwarder(program)
  try {
    await forwarder.read(AbortSignal.timeout(10_000))
    return { forwarder }
  } catch (error) {
    return { reason: (error as Error).message }
  }
}

export async function chooseForwarder(
  wanted: WantedForwarder,
  openProxy: () => Promise<Forwarder>,
  ipvsadmPaths: readonly string[] = IPVSADM_PATHS,
): Promise<Choice> {
  const attempt: Attempt = wanted === 'proxy' ? { reason: 'forwarder=proxy' } : await tryIpvs(ipvsadmPaths)
  if ('forwarder' in attempt) {
    const because = wanted === 'ipvs' ? 'forwarder=ipvs' : 'the kernel offers IPVS and ipvsadm works'
    return { kind: 'chosen', forwarder: attempt.forwarder, because }
  }
  if (wanted === 'ipvs')
    return { kind: 'none', reason: `Can not use ipvsadm (forwarder=ipvs): ${attempt.reason}` }
  try {
    return { kind: 'chosen', forwarder: await openProxy(), because: attempt.reason }
  } catch (error) {
    return {
      kind: 'none',
      reason: `No forwarder: ${attempt.reason}; and the proxy: ${(error as Error).message}`,
    }
  }
}

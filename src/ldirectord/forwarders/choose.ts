/**
 * Which forwarder this machine offers. `auto` takes the kernel's IPVS where it can be used, else nftables, else the
 * user-space proxy; what was chosen and why is said in the log.
 */
import { existsSync } from 'node:fs'
import type { Forwarder } from './forwarder.js'
import { IPVSADM_PATHS, ipvsForwarder } from './ipvs.js'
import { kernelFailure, NFT_PATHS, nftForwarder } from './nft/nft.js'

export const FORWARDERS = ['auto', 'ipvs', 'nft', 'proxy'] as const
export type WantedForwarder = (typeof FORWARDERS)[number]

export type Choice =
  | { readonly kind: 'chosen'; readonly forwarder: Forwarder; readonly because: string }
  | { readonly kind: 'none'; readonly reason: string }

/** The environment overrides the file, so that one file can serve on machines of both kinds. */
export function wantedForwarder(
  inFile: WantedForwarder,
  fromEnvironment: string | undefined,
): WantedForwarder {
  return FORWARDERS.find(name => name === fromEnvironment) ?? inFile
}

type Attempt = { readonly forwarder: Forwarder } | { readonly reason: string }

const READ_MS_MAX = 10_000

/** A kernel forwarder: the program that speaks for it, and what to install where it is missing. */
interface KernelForwarder {
  readonly name: 'ipvs' | 'nft'
  readonly paths: readonly string[]
  readonly debianPackage: string
  readonly open: (program: string) => Forwarder
  /** What `auto` says when it takes this one. */
  readonly works: string
  /** Why the kernel cannot do it although there is a table, or null; absent: then it always can. */
  readonly failure?: (program: string, mustRoute: boolean, signal: AbortSignal) => Promise<string | null>
}

const KERNEL_FORWARDERS: readonly KernelForwarder[] = [
  {
    name: 'ipvs',
    paths: IPVSADM_PATHS,
    debianPackage: 'ipvsadm',
    open: ipvsForwarder,
    works: 'the kernel offers IPVS and ipvsadm works',
  },
  {
    name: 'nft',
    paths: NFT_PATHS,
    debianPackage: 'nftables',
    open: nftForwarder,
    works: 'the kernel offers nftables and nft works',
    failure: kernelFailure,
  },
]

/** Reading the table needs the program, the rights and the kernel; what it does not prove, the kernel is asked for. */
async function attempt(kernel: KernelForwarder, mustRoute: boolean): Promise<Attempt> {
  const { paths, debianPackage, open } = kernel
  const program = paths.find(path => existsSync(path))
  if (program === undefined)
    return { reason: `there is no ${paths.join(' and no ')} (package ${debianPackage})` }
  const forwarder = open(program)
  const signal = AbortSignal.timeout(READ_MS_MAX)
  try {
    await forwarder.read(signal)
    const reason = (await kernel.failure?.(program, mustRoute, signal)) ?? null
    return reason === null ? { forwarder } : { reason }
  } catch (error) {
    return { reason: (error as Error).message }
  }
}

export interface ChooseOptions {
  readonly openProxy: () => Promise<Forwarder>
  /** Why `auto` must not take nftables for this file, or null. */
  readonly nftRefusal?: string | null
  /** Whether the file has real servers of other machines with gate. */
  readonly routes?: boolean
  /** Where the programs are, instead of the usual places. */
  readonly paths?: Partial<Readonly<Record<KernelForwarder['name'], readonly string[]>>>
}

export async function chooseForwarder(
  wanted: WantedForwarder,
  { openProxy, nftRefusal = null, routes = false, paths = {} }: ChooseOptions,
): Promise<Choice> {
  const reasons = wanted === 'proxy' ? ['forwarder=proxy'] : []
  for (const kernel of KERNEL_FORWARDERS) {
    if (wanted !== 'auto' && wanted !== kernel.name) continue
    if (kernel.name === 'nft' && wanted === 'auto' && nftRefusal !== null) {
      reasons.push(nftRefusal)
      continue
    }
    const isFree = wanted === 'auto'
    const tried = await attempt({ ...kernel, paths: paths[kernel.name] ?? kernel.paths }, isFree && routes)
    if ('forwarder' in tried) {
      const why = [...reasons, kernel.works].join('; ')
      return {
        kind: 'chosen',
        forwarder: tried.forwarder,
        because: wanted === kernel.name ? `forwarder=${wanted}` : why,
      }
    }
    reasons.push(tried.reason)
    if (wanted === kernel.name)
      return { kind: 'none', reason: `forwarder=${wanted} cannot be used: ${tried.reason}` }
  }
  const because = reasons.join('; ')
  try {
    return { kind: 'chosen', forwarder: await openProxy(), because }
  } catch (error) {
    return { kind: 'none', reason: `No forwarder: ${because}; and the proxy: ${(error as Error).message}` }
  }
}

import test, { type ExecutionContext } from 'ava'
import {
  isLinkFailure,
  type Link,
  type LinkFailure,
  type LinkHandlers,
} from '../../../src/heartbeat/links/link.js'
import type { MediaLine } from '../../../src/heartbeat/links/link-plan.js'
import { openLinks, readMachine } from '../../../src/heartbeat/links/open-links.js'
import { planLinks } from '../../../src/heartbeat/links/plan.js'
import { freePort } from '../../free-port.js'
import { contractTests } from './link.contract.js'
import { MemoryMedium } from './memory.js'
import { loopbackNetwork } from './ports.js'

const register = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
  test(title, async t => {
    t.timeout(20_000)
    await run(t)
  })
}

/** One node's link, from its ha.cf lines to the open socket. */
async function openFrom(lines: MediaLine[], ownAddress: string, handlers: LinkHandlers): Promise<Link> {
  const { plans, problems } = planLinks(lines, await readMachine([ownAddress]))
  const opened: readonly Link[] | LinkFailure = await openLinks(plans, handlers)
  if ('reason' in opened) throw new Error(opened.reason)
  const [link] = opened
  if (!link || opened.length !== 1 || isLinkFailure(link)) {
    throw new Error(`one link wanted: ${problems.map(({ message }) => message).join('; ')}`)
  }
  return link
}

const pairFrom =
  (lines: (network: string, port: number) => MediaLine[]) =>
  async (first: LinkHandlers, second: LinkHandlers): Promise<readonly [Link, Link]> => {
    const network = loopbackNetwork()
    const haCf = lines(network, await freePort())
    return [await openFrom(haCf, `${network}.1`, first), await openFrom(haCf, `${network}.2`, second)]
  }

contractTests(
  'memory',
  async (first, second) => {
    const medium = new MemoryMedium()
    return [medium.open('eth1', '10.0.0.1', first), medium.open('eth1', '10.0.0.2', second)]
  },
  register,
)

contractTests(
  'ucast',
  pairFrom((network, port) => [
    { directive: 'ucast', line: 1, device: 'lo', address: `${network}.1`, port },
    { directive: 'ucast', line: 2, device: 'lo', address: `${network}.2`, port },
  ]),
  register,
)

contractTests(
  'bcast',
  pairFrom((_, port) => [{ directive: 'bcast', line: 1, device: 'lo', port }]),
  register,
)

contractTests(
  'mcast',
  pairFrom((network, port) => {
    const group = network
      .replace(/^127\./, '239.255.')
      .split('.')
      .slice(0, 4)
      .join('.')
    return [{ directive: 'mcast', line: 1, device: 'lo', group, port, ttl: 0, loop: true }]
  }),
  register,
)

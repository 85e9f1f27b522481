/** All built-in agents by the name that haresources uses. */
import type { Agent } from './agent.js'
import { apache } from './apache.js'
import { delay } from './delay.js'
import { filesystem } from './filesystem.js'
import { ipaddr, ipaddr2 } from './ipaddr.js'
import { ipSrcAddr } from './ipsrcaddr.js'
import { ipv6addr } from './ipv6addr.js'
import { ldirectord } from './ldirectord.js'
import { mailTo } from './mailto.js'
import { ocf } from './ocf.js'
import { portblock } from './portblock.js'
import { lvsRealServer } from './real-server.js'
import { sendArp } from './sendarp.js'
import { lvsSyncDaemonSwap } from './sync-daemon.js'

const agents: readonly Agent[] = [
  ...[ipaddr2, ipaddr, ipv6addr, ipSrcAddr, sendArp, ldirectord],
  ...[lvsSyncDaemonSwap, lvsRealServer],
  ...[filesystem, apache, portblock, mailTo, delay, ocf],
]

export const builtinAgents: ReadonlyMap<string, Agent> = new Map(agents.map(agent => [agent.name, agent]))

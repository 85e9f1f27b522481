/** The agent IPsrcaddr: connections of this machine leave from the service address while the group runs here. */
import { ipv4Facts, runIpCommands } from './ip-command.js'
import { parseSource, planSourceStart, planSourceStop, prefers, readSourceRoutes } from './ipsrcaddr-plan.js'
import { failedWith, isStopped, OCF_EXIT, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'

const NAME = 'IPsrcaddr'

export const ipSrcAddr = standardAgent({
  name: NAME,
  usage: '<ip-address>',
  summary: 'a service address as the preferred source of outgoing connections',
  argumentsMax: 1,
  parameters: [
    { name: 'ipaddress', isRequired: true, meaning: 'an address that an IPaddr2 before it brings up' },
  ],
  check(args) {
    const address = parseSource(args)
    return typeof address === 'string' ? null : failedWith(OCF_EXIT.configured, address.problem)
  },
  async act(args, action, context) {
    const address = parseSource(args)
    if (typeof address !== 'string')
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.configured, address.problem)
    const world = await ipv4Facts(context)
    if ('fault' in world) return failedWith(OCF_EXIT.generic, `${NAME} ${address}: ${world.fault}`)
    const routes = readSourceRoutes(world.routesJson)
    if (action === 'status' || action === 'monitor') {
      return prefers(address, routes)
        ? { exitCode: OCF_EXIT.success, output: 'OK\nINFO:  Running OK\n' }
        : { ...isStopped, output: `No preferred source address defined\n${isStopped.output}` }
    }
    const plan =
      action === 'start'
        ? planSourceStart(address, world.facts, routes)
        : planSourceStop(address, world.facts, routes)
    if (plan.kind === 'refuse') return failedWith(plan.exitCode, plan.because)
    const fault = await runIpCommands(plan.commands, context)
    return fault === null ? succeeded : failedWith(OCF_EXIT.generic, `${NAME} ${address}: ${fault}`)
  },
})

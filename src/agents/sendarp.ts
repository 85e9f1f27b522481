/** The agent SendArp: tells the neighbours that an address is here. The address itself is set by somebody else. */
import { networkInterfaces } from 'node:os'
import { isIPv4 } from '../base/ipv4.js'
import { announce } from './announce.js'
import { cancelAnnouncements } from './announcements.js'
import { failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'
import { stateFile } from './state-file.js'

export interface Announcement {
  readonly address: string
  readonly nic: string
}

/** `10.0.0.1/eth0`. The original takes anything, announces nothing and reports success. */
export function parseAnnouncement(text: string): Announcement | { readonly problem: string } {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const nic = slash === -1 ? '' : text.slice(slash + 1)
  if (!isIPv4(address) || !/^[A-Za-z][A-Za-z0-9_.@-]{0,14}$/.test(nic)) {
    return { problem: `SendArp wants an address and an interface such as 10.0.0.1/eth0; found "${text}"` }
  }
  return { address, nic }
}

export const sendArp = standardAgent({
  name: 'SendArp',
  usage: 'ip-address/interface',
  summary: 'gratuitous ARP for an address that somebody else sets',
  argumentsMax: 1,
  parameters: [
    { name: 'ip/nic', isRequired: true, meaning: 'the address and the interface, such as 10.0.0.1/eth0' },
  ],
  check([text = '']) {
    const parsed = parseAnnouncement(text)
    return 'problem' in parsed ? failedWith(OCF_EXIT.arguments, parsed.problem) : null
  },
  async act([text = ''], action, context) {
    const parsed = parseAnnouncement(text)
    if ('problem' in parsed)
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, parsed.problem)
    const { address, nic } = parsed
    const instance = `SendArp_${address}`
    const state = stateFile(`SendArp_${instance}`, context)
    if (action === 'status' || action === 'monitor') return runningIf(state.isThere())
    if (action === 'stop') {
      cancelAnnouncements(address)
      if (!state.isThere()) return succeeded
      const fault = state.remove()
      if (fault === null) context.log('INFO', instance, `SendArp for ${address}/${nic} released`)
      return fault === null ? succeeded : failedWith(OCF_EXIT.generic, fault)
    }
    if (!(nic in networkInterfaces())) {
      context.log('WARNING', instance, `there is no interface ${nic} with an address: nothing is announced`)
    }
    const fault = state.put()
    if (fault !== null) return failedWith(OCF_EXIT.generic, fault)
    void announce(nic, address, instance, context)
    return succeeded
  },
})

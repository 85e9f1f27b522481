/** What the chosen forwarder needs of the machine: kernel modules, programs, and nobody beside it that fills the table. */
import type { Machine } from './machine.js'
import type { LiveFile, LiveService, Say } from './services.js'

export function checkTools(
  file: LiveFile,
  services: readonly LiveService[],
  machine: Machine,
  say: Say,
): void {
  const { forwarder } = file
  if (forwarder === 'auto' || forwarder === 'ipvs') checkIpvs(forwarder, services, machine, say)
  if (forwarder === 'nft' && !machine.hasProgram('nft'))
    say(null, 'error', 'no-nft', 'forwarder=nft wants the program nft; found none', 'install nftables')
  const tunnel = services.flatMap(({ reals }) => reals).find(({ method }) => method === 'ipip')
  if (forwarder === 'nft' && tunnel !== undefined)
    say(
      tunnel.span,
      'error',
      'no-tunnel',
      'forwarder=nft wants gate or masq; found ipip',
      'write gate or masq, or forwarder=ipvs on a kernel with ip_vs',
    )
  if (machine.ipvsadmAtBoot !== null && forwarder !== 'proxy')
    say(
      null,
      'warning',
      'ipvsadm-at-boot',
      `ldirectord wants to be alone with the table of virtual services; found ipvsadm started at boot (${machine.ipvsadmAtBoot})`,
      'run systemctl disable --now ipvsadm.service, or set AUTO="false" in /etc/default/ipvsadm',
    )
}

function checkIpvs(
  forwarder: 'auto' | 'ipvs',
  services: readonly LiveService[],
  machine: Machine,
  say: Say,
): void {
  // nftables stands in for all but tunnels; the proxy, which comes next, translates.
  const hasNft = machine.hasProgram('nft')
  const unable = services
    .flatMap(({ reals }) => reals)
    .find(({ method }) => (hasNft ? method === 'ipip' : method !== 'masq'))
  const severity = forwarder === 'ipvs' ? 'error' : unable === undefined ? 'info' : 'warning'
  const wants =
    forwarder === 'ipvs' ? 'forwarder=ipvs' : `forwarder=auto${unable ? ` with ${unable.method}` : ''}`
  const standIn =
    hasNft && unable === undefined
      ? 'nftables is taken instead'
      : 'the proxy is taken instead, which acts as with masq'
  const instead = forwarder === 'auto' ? `; ${standIn}` : ''
  const span = unable?.span ?? null
  if (machine.hasModule('ip_vs') === false) {
    const message = `${wants} wants the kernel module ip_vs; found none for this kernel${instead}`
    say(span, severity, 'no-ipvs', message, 'install a kernel with ip_vs, or write forwarder=nft')
    return
  }
  if (!machine.hasProgram('ipvsadm'))
    say(
      span,
      severity,
      'no-ipvsadm',
      `${wants} wants the program ipvsadm; found none${instead}`,
      'install ipvsadm',
    )
  for (const { scheduler } of services) {
    if (machine.hasModule(`ip_vs_${scheduler.name}`) !== false) continue
    const message = `scheduler=${scheduler.name} wants the kernel module ip_vs_${scheduler.name}; found none for this kernel`
    say(scheduler.span, 'error', 'no-scheduler', message, 'write another scheduler, such as wrr or wlc')
  }
}

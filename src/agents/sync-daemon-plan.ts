/**
 * LVSSyncDaemonSwap's decisions. The node that forwards runs the connection synchronisation of IPVS as master, the
 * other as backup; starting the resource swaps one for the other, stopping swaps back. The kernel may run both.
 */

export type Role = 'master' | 'backup'

export interface SyncArguments {
  readonly role: Role
  readonly nic: string
  readonly syncId: number
}

export interface SyncDaemon {
  readonly role: Role
  readonly nic: string
  readonly syncId: number
}

/** What /etc/default/ipvsadm or /etc/sysconfig/ipvsadm say for arguments that are not given. */
export interface SyncDefaults {
  readonly nic: string | null
  readonly syncId: number | null
}

const NIC = /^[A-Za-z][A-Za-z0-9_.@-]{0,14}$/
const opposite = (role: Role): Role => (role === 'master' ? 'backup' : 'master')

export function readSyncDefaults(text: string): SyncDefaults {
  const value = (name: string): string | undefined =>
    new RegExp(`^[ \\t]*${name}=["']?([^"'\\s#]*)`, 'm').exec(text)?.[1]
  const nic = value('IFACE') ?? ''
  const syncId = value('SYNCID') ?? ''
  return {
    nic: NIC.test(nic) ? nic : null,
    syncId: /^\d{1,3}$/.test(syncId) && Number(syncId) <= 255 ? Number(syncId) : null,
  }
}

export function parseSyncArguments(
  args: readonly string[],
  defaults: SyncDefaults,
): SyncArguments | { readonly problem: string } {
  const [role = 'master', nic = defaults.nic ?? 'eth0', syncText = String(defaults.syncId ?? 0)] = args
  if (role !== 'master' && role !== 'backup') {
    return { problem: `LVSSyncDaemonSwap wants master or backup; found "${role}"` }
  }
  if (!NIC.test(nic)) return { problem: `LVSSyncDaemonSwap wants an interface such as eth0; found "${nic}"` }
  if (!/^\d{1,3}$/.test(syncText) || Number(syncText) > 255) {
    return { problem: `LVSSyncDaemonSwap wants a sync id from 0 to 255; found "${syncText}"` }
  }
  return { role, nic, syncId: Number(syncText) }
}

/** From `ipvsadm -L --daemon`. */
export function readSyncDaemons(listing: string): SyncDaemon[] {
  const daemons: SyncDaemon[] = []
  for (const line of listing.split('\n')) {
    const found = /^(master|backup) sync daemon \(mcast=([^,)]+), syncid=(\d+)/.exec(line)
    if (found) daemons.push({ role: found[1] as Role, nic: found[2] ?? '', syncId: Number(found[3]) })
  }
  return daemons
}

/** Commands, without the leading `ipvsadm`, after which `role` runs as asked and the other role does not. */
function swapTo(role: Role, asked: SyncArguments, daemons: readonly SyncDaemon[]): string[][] {
  const commands: string[][] = []
  if (daemons.some(daemon => daemon.role === opposite(role))) commands.push(['--stop-daemon', opposite(role)])
  const running = daemons.find(daemon => daemon.role === role)
  if (running?.nic === asked.nic && running.syncId === asked.syncId) return commands
  if (running) commands.push(['--stop-daemon', role])
  const where = ['--mcast-interface', asked.nic, '--syncid', String(asked.syncId)]
  return [...commands, ['--start-daemon', role, ...where]]
}

export function planSync(
  action: 'start' | 'stop',
  asked: SyncArguments,
  daemons: readonly SyncDaemon[],
): string[][] {
  return swapTo(action === 'start' ? asked.role : opposite(asked.role), asked, daemons)
}

/** The script for real servers: what the agent LVSRealServer does, as plain sh for hosts that have nothing of Systole. */
import type { Held, RealServerHost } from './real-servers.js'
import { comment, scriptText } from './script.js'

const prefixOf = ({ family }: Held): number => (family === 4 ? 32 : 128)
const lineOf = (held: Held): string => `${held.nic} ${held.address}/${prefixOf(held)} ${held.family}`

/** Hosts with the same addresses share a branch. */
function branches(hosts: readonly RealServerHost[]): string {
  const groups = new Map<string, string[]>()
  for (const { address, holds } of hosts) {
    const lines = holds.map(held => `      echo '${lineOf(held)}'\n`).join('')
    groups.set(lines, [...(groups.get(lines) ?? []), address])
  }
  return [...groups].map(([lines, own]) => `    ${own.join(' | ')})\n${lines}      ;;\n`).join('')
}

export function realServerScript(file: string, hosts: readonly RealServerHost[]): string {
  const body = `# Of one real server, known by its own address: interface, service address, family.
held_by() {
  case $1 in
${branches(hosts)}  esac
}

held() {
  ip -o addr show | while read -r _ _ _ own _; do
    held_by "\${own%/*}"
  done | sort -u
}

is_set() {
  ip -o addr show dev "$1" 2> /dev/null | grep -qF " $2 "
}

quiet_arp() {
  setting net/ipv4/conf/all/arp_ignore 1 2 8 && setting net/ipv4/conf/all/arp_announce 2
}

# What comes out of the tunnel has a client's address, which lies behind another interface.
open_tunnel() {
  [ -d /proc/sys/net/ipv4/conf/tunl0 ] || modprobe ipip || fail "there is no tunl0" || return 1
  ip link set tunl0 up &&
    setting net/ipv4/conf/all/rp_filter 0 2 && setting net/ipv4/conf/tunl0/rp_filter 0 2
}

# First the ARP settings, then the address: otherwise it would be answered for in between.
hold() {
  nic=$1 address=$2 family=$3
  elsewhere=$(ip -o addr show | while read -r _ other _ own _; do
    [ "\${own%/*}" = "\${address%/*}" ] && [ "$other $own" != "$nic $address" ] && echo "$own on $other"
  done)
  [ -z "$elsewhere" ] || fail "wanted $address on $nic; found $elsewhere: take it away there" || return 1
  if [ "$family" = 4 ]; then
    quiet_arp || return 1
  fi
  if [ "$nic" = tunl0 ]; then
    open_tunnel || return 1
  fi
  is_set "$nic" "$address" && return 0
  if [ "$family" = 6 ]; then
    ip -6 addr add "$address" dev "$nic" nodad
  else
    ip -4 addr add "$address" dev "$nic"
  fi
}

own_lines() {
  lines=$(held)
  [ -n "$lines" ] || fail "none of this machine's addresses is a real server of gate or ipip"
}

start() {
  own_lines || return 1
  echo "$lines" | while read -r nic address family; do
    hold "$nic" "$address" "$family" || exit 1
  done
}

stop() {
  own_lines || return 1
  echo "$lines" | while read -r nic address family; do
    is_set "$nic" "$address" || continue
    ip addr del "$address" dev "$nic" || exit 1
  done || return 1
  restore_settings
}

status() {
  own_lines || return 1
  echo "$lines" | while read -r nic address family; do
    is_set "$nic" "$address" || exit 1
  done
}
`
  const about = [
    `Real servers of ${file}: the service addresses, and no answer to ARP for them.`,
    'Printed by ha-convert realserver. Put it on every real server and start it at boot.',
  ]
  return scriptText({ about, state: 'lvs-real-server.settings', body })
}

const SCRIPT_PATH = '/usr/local/sbin/lvs-real-server'

export function realServerUnit(file: string): string {
  return `${comment(`Runs the script of "ha-convert realserver ${file}", which is to be saved as ${SCRIPT_PATH} (mode 755).`)}
[Unit]
Description=Service addresses of virtual services on this real server
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${SCRIPT_PATH} start
ExecStop=${SCRIPT_PATH} stop

[Install]
WantedBy=multi-user.target
`
}

/**
 * What the tests against real peers need of the machine: rights, Debian packages, devices. One table; a row says how
 * it is recognised and what to do when it is missing.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'

export interface Peer {
  readonly name: string
  /** What to do so that it is there. */
  readonly remedy: string
  readonly isHere: () => boolean
}

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

function hasProgram(name: string): boolean {
  return PATH.some(folder => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK)
      return true
    } catch {
      return false // not in this folder
    }
  })
}

const debian = (name: string, isHere: () => boolean, debianPackage = name): Peer => ({
  name,
  remedy: `apt-get install ${debianPackage}`,
  isHere,
})
const program = (name: string, debianPackage: string): Peer =>
  debian(debianPackage, () => hasProgram(name), debianPackage)

/** Where Debian keeps the programs of the newest PostgreSQL, which are not in PATH. */
export function postgresFolder(): string | null {
  const all = '/usr/lib/postgresql'
  const versions = existsSync(all) ? readdirSync(all).sort((a, b) => Number(b) - Number(a)) : []
  const newest = versions.find(version => existsSync(`${all}/${version}/bin/postgres`))
  return newest === undefined ? null : `${all}/${newest}/bin`
}

const ROWS = [
  { name: 'root', remedy: 'run the tests as root', isHere: () => process.getuid?.() === 0 },
  {
    name: 'net-admin',
    remedy: 'allow network namespaces (root with CAP_NET_ADMIN and CAP_SYS_ADMIN)',
    isHere: () => process.getuid?.() === 0 && existsSync('/proc/self/ns/net'),
  },
  {
    name: 'mount',
    remedy: 'run the tests as root with CAP_SYS_ADMIN, so that they may mount a tmpfs',
    isHere: () => spawnSync('unshare', ['--mount', 'true']).status === 0,
  },
  {
    name: 'tun',
    remedy: 'load the tun module (/dev/net/tun is missing)',
    isHere: () => existsSync('/dev/net/tun'),
  },
  debian('heartbeat', () => existsSync('/usr/libexec/heartbeat/heartbeat')),
  program('stonith', 'cluster-glue'),
  program('ldirectord', 'ldirectord'),
  program('ipvsadm', 'ipvsadm'),
  program('linux.uml', 'user-mode-linux'),
  program('ip', 'iproute2'),
  program('nsenter', 'util-linux'),
  program('script', 'bsdutils'),
  program('tcpdump', 'tcpdump'),
  program('nft', 'nftables'),
  program('pgrep', 'procps'),
  program('arping', 'iputils-arping'),
  program('ping', 'iputils-ping'),
  program('modprobe', 'kmod'),
  program('iptables', 'iptables'),
  program('openssl', 'openssl'),
  program('python3', 'python3'),
  program('perl', 'perl-base'),
  debian('resource-agents', () => existsSync('/usr/lib/ocf/resource.d/heartbeat/ldirectord')),
  program('curl', 'curl'),
  program('sshd', 'openssh-server'),
  program('sudo', 'sudo'),
  program('slapd', 'slapd'),
  program('dnsmasq', 'dnsmasq-base'),
  debian('postgresql', () => postgresFolder() !== null),
  program('mariadbd', 'mariadb-server-core'),
  program('vsftpd', 'vsftpd'),
  program('freeradius', 'freeradius'),
  program('squid', 'squid'),
  program('nginx', 'nginx'),
  program('haproxy', 'haproxy'),
  program('kdig', 'knot-dnsutils'),
  program('exim4', 'exim4-daemon-light'),
  program('kamailio', 'kamailio'),
  debian('inn2', () => existsSync('/usr/lib/news/bin/innd')),
  debian('dovecot-imapd', () => existsSync('/usr/lib/dovecot/imap-login')),
  debian('dovecot-pop3d', () => existsSync('/usr/lib/dovecot/pop3-login')),
] as const satisfies readonly Peer[]

/** What guests with IPVS want (rig/ipvs-vm). */
export const IPVS_GUEST = [
  'net-admin',
  'tun',
  'user-mode-linux',
  'ipvsadm',
  'iproute2',
  'kmod',
  'procps',
  'iptables',
] as const

export const PEERS: ReadonlyMap<string, Peer> = new Map(ROWS.map(peer => [peer.name, peer]))

export function missingPeers(): Peer[] {
  return [...PEERS.values()].filter(peer => !peer.isHere())
}

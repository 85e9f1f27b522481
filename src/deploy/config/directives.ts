/**
 * deploy.cf as tables: one table a section, one row a key. Parser, messages, reference page and types come from these
 * rows. Rows with `repeat: 'accumulates'` are written `key[] = value`, once for each value.
 */
import { directive, type ValuesOf } from '../../syntax/directive.js'
import * as form from './forms.js'

const DAY = 86_400

export const deploySection = {
  application: directive({
    arg: form.name,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'name of what is released; locks, journals and history are kept under it',
  }),
  deploy_to: directive({
    arg: form.absolutePath,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'folder on the web hosts that holds releases/, shared/ and the link current',
  }),
  source: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'what is released: a folder or a .tar.gz, relative to deploy.cf; `--from` replaces it',
  }),
  source_cmd: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'shell command run here, in the folder of deploy.cf, before source is read',
  }),
  keep: directive({
    arg: form.whole(1, 1000),
    default: 5,
    repeat: 'once',
    support: 'acts',
    summary: 'releases that `prune` leaves on each host besides the current and the last good one',
  }),
  order: directive({
    arg: form.oneOf('config', 'weight-asc', 'name'),
    default: 'config',
    repeat: 'once',
    support: 'acts',
    summary: 'order of the hosts: as in the file, the least weight first, or by name',
  }),
  batch: directive({
    arg: form.batches,
    default: [{ count: 1 }],
    defaultText: '1',
    repeat: 'once',
    support: 'acts',
    summary: 'sizes of the batches; the last one is repeated, a percentage is of the hosts that are left',
  }),
  canary_wait: directive({
    arg: form.seconds(0, DAY),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'pause after the first batch',
  }),
  min_up: directive({
    arg: form.share,
    default: { percent: 50 },
    defaultText: '50%',
    repeat: 'once',
    support: 'acts',
    summary: 'active weight that every virtual service keeps, as a sum of weights or a share of all of them',
  }),
  max_fail: directive({
    arg: form.whole(0, 1000),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'hosts that may fail before the run stops',
  }),
  on_batch_fail: directive({
    arg: form.oneOf('stop', 'rollback_all'),
    default: 'stop',
    repeat: 'once',
    support: 'acts',
    summary: 'what happens to the hosts that are done when a later one fails',
  }),
  lock_ttl: directive({
    arg: form.seconds(60, 7 * DAY),
    default: 3600,
    repeat: 'once',
    support: 'acts',
    summary: 'age at which the lock of an owner that is gone may be taken over',
  }),
  shared_dirs: directive({
    arg: form.relativePath,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'folder kept in shared/ and linked into each release',
  }),
  shared_files: directive({
    arg: form.relativePath,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'file kept in shared/ and linked into each release',
  }),
}

export const sshSection = {
  user: directive({
    arg: form.name,
    default: 'root',
    repeat: 'once',
    support: 'acts',
    summary: 'who logs in',
  }),
  port: directive({
    arg: form.whole(1, 65_535),
    default: 22,
    repeat: 'once',
    support: 'acts',
    summary: 'port of hosts and directors that name none',
  }),
  key: directive({
    arg: form.text,
    default: null,
    defaultText: 'the agent of SSH_AUTH_SOCK',
    repeat: 'once',
    support: 'acts',
    summary: 'private key; one with a passphrase is used through the agent',
  }),
  known_hosts: directive({
    arg: form.text,
    default: '/etc/ha.d/known_hosts',
    repeat: 'once',
    support: 'acts',
    summary: 'host keys that are believed, in the form of ssh',
  }),
  strict: directive({
    arg: form.oneOf('yes', 'accept-new'),
    default: 'yes',
    repeat: 'once',
    support: 'acts',
    summary:
      'whether a host that is not in known_hosts is refused or learnt; a changed key is always refused',
  }),
  timeout: directive({
    arg: form.seconds(1, 600),
    default: 10,
    repeat: 'once',
    support: 'acts',
    summary: 'limit of a connection and of each short command',
  }),
}

export const directorSection = {
  mode: directive({
    arg: form.oneOf('local', 'ssh'),
    default: 'local',
    repeat: 'once',
    support: 'acts',
    summary: 'whether the director is this machine or is reached by ssh',
  }),
  hosts: directive({
    arg: form.sshPlace,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'directors for mode = ssh: name all of them, a standby becomes the active one some day',
  }),
  config: directive({
    arg: form.absolutePath,
    default: '/etc/ha.d/ldirectord.cf',
    repeat: 'once',
    support: 'acts',
    summary: 'the file of ldirectord on the directors; its maintenancedir and weights are read from it',
  }),
  virtuals: directive({
    arg: form.text,
    default: null,
    defaultText: 'auto: every virtual that holds the real',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'only these virtual services count, each as ADDRESS:PORT or as the number of the mark',
  }),
  counters: directive({
    arg: form.oneOf('auto', 'ipvsadm', 'ldirectord'),
    default: 'auto',
    repeat: 'once',
    support: 'acts',
    summary:
      'where weights and connections are read: the kernel, `ldirectord status --json`, or whichever forwards',
  }),
  ldirectord: directive({
    arg: form.absolutePath,
    default: '/usr/sbin/ldirectord',
    repeat: 'once',
    support: 'acts',
    summary: 'the program on the directors',
  }),
  sudo: directive({
    arg: form.yesNo,
    default: false,
    defaultText: 'no',
    repeat: 'once',
    support: 'acts',
    summary: 'run ipvsadm, sysctl and the maintenance file through `sudo -n` on the directors',
  }),
}

export const drainSection = {
  method: directive({
    arg: form.oneOf('auto', 'maintenancedir'),
    default: 'auto',
    repeat: 'once',
    support: 'acts',
    summary: 'how weight 0 is held on the directors',
  }),
  wait_persistent: directive({
    arg: form.seconds(0, DAY),
    default: 60,
    repeat: 'once',
    support: 'acts',
    summary: 'least time of a drain where a virtual is persistent',
  }),
  wait_short: directive({
    arg: form.seconds(0, DAY),
    default: 1,
    repeat: 'once',
    support: 'acts',
    summary: 'least time of a drain of any other virtual',
  }),
  max: directive({
    arg: form.seconds(1, DAY),
    default: 900,
    repeat: 'once',
    support: 'acts',
    summary: 'longest time of a drain',
  }),
  active_conn: directive({
    arg: form.whole(0, 1_000_000),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'active connections that may be left',
  }),
  on_timeout: directive({
    arg: form.oneOf('ask', 'proceed', 'stop'),
    default: 'ask',
    repeat: 'once',
    support: 'acts',
    summary:
      'after max: ask on a terminal (else stop), drop who is left, or give the host its weight back and stop',
  }),
  expire_template: directive({
    arg: form.oneOf('auto', 'require', 'never'),
    default: 'auto',
    repeat: 'once',
    support: 'acts',
    summary:
      'net.ipv4.vs.expire_quiescent_template: set for the run and restored, wanted as it is, or left alone',
  }),
}

export const healthSection = {
  check: directive({
    arg: form.oneOf('ldirectord', 'url', 'command'),
    default: 'ldirectord',
    repeat: 'once',
    support: 'acts',
    summary:
      'what a host must pass at weight 0 before the check of ldirectord itself, which always decides last',
  }),
  path: directive({
    arg: form.text,
    default: '/',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: what is asked of the real server',
  }),
  port: directive({
    arg: form.whole(1, 65_535),
    default: null,
    defaultText: 'the port of the real',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: another port',
  }),
  virtualhost: directive({
    arg: form.text,
    default: null,
    defaultText: 'the address',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: the Host header',
  }),
  expect: directive({
    arg: form.text,
    default: null,
    defaultText: 'any body',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: text that the body holds; {release} stands for the id of the release',
  }),
  release_header: directive({
    arg: form.name,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: header whose value must be the id of the release',
  }),
  command: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'check = command: run on the host; status 0 passes',
  }),
  rise: directive({
    arg: form.whole(1, 100),
    default: 3,
    repeat: 'once',
    support: 'acts',
    summary: 'passes in a row that are wanted',
  }),
  interval: directive({
    arg: form.seconds(0, 3600),
    default: 2,
    repeat: 'once',
    support: 'acts',
    summary: 'time between two probes',
  }),
  timeout: directive({
    arg: form.seconds(1, 3600),
    default: 60,
    repeat: 'once',
    support: 'acts',
    summary: 'limit of the gate, and of the return of the weight',
  }),
  slow_start: directive({
    arg: form.seconds(0, 3600),
    default: 0,
    repeat: 'once',
    support: 'refused',
    range: '0',
    summary: 'a weight that grows in steps; wants a ldirectord that holds weights, and none does yet',
  }),
  watch: directive({
    arg: form.seconds(0, 3600),
    default: 30,
    repeat: 'once',
    support: 'acts',
    summary: 'time that a host is observed at full weight',
  }),
}

const hook = (summary: string) =>
  directive({ arg: form.text, default: null, repeat: 'once', support: 'acts', summary })

export const hooksSection = {
  before_all: hook('before the first host; once, on this machine'),
  on_prepare: hook('in the new release, before it is ready; the host still serves'),
  on_drained: hook('after the drain, before the switch'),
  on_switch: hook('after the link was switched, and again after it was switched back'),
  after_switch: hook('once the host has its weight back'),
  on_fail: hook('after a host has failed and was brought to its end'),
  after_all: hook('after the last host; once, on this machine'),
}

export const notifySection = {
  mail: directive({
    arg: form.text,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'who is told of a host that failed, by /usr/sbin/sendmail',
  }),
}

export const hostSection = {
  address: directive({
    arg: form.sshPlace,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'where ssh goes',
  }),
  user: directive({
    arg: form.name,
    default: null,
    defaultText: 'user of [ssh]',
    repeat: 'once',
    support: 'acts',
    summary: 'who logs in',
  }),
  real: directive({
    arg: form.endpoint,
    default: null,
    repeat: 'accumulates',
    support: 'acts',
    summary: 'the real server as ldirectord.cf names it; several as real[]',
  }),
}

export const SECTIONS = {
  deploy: deploySection,
  ssh: sshSection,
  director: directorSection,
  drain: drainSection,
  health: healthSection,
  hooks: hooksSection,
  notify: notifySection,
}

/** Values of one section: rows that accumulate hold a list. */
type Values<Table> = {
  readonly [Name in keyof ValuesOf<Table>]: ValuesOf<Table>[Name]
}

interface Lists {
  readonly shared_dirs: readonly string[]
  readonly shared_files: readonly string[]
}

export interface HostConfig {
  readonly name: string
  readonly address: form.SshPlace
  readonly user: string | null
  readonly real: readonly string[]
}

/** What a valid deploy.cf says, after defaults. Keys are spelled as in the file. */
export interface DeployConfig {
  /** As it was named. */
  readonly file: string
  readonly deploy: Omit<Values<typeof deploySection>, 'application' | 'deploy_to' | keyof Lists> &
    Lists & { readonly application: string; readonly deploy_to: string }
  readonly ssh: Values<typeof sshSection>
  readonly director: Omit<Values<typeof directorSection>, 'hosts' | 'virtuals'> & {
    readonly hosts: readonly form.SshPlace[]
    readonly virtuals: readonly string[]
  }
  readonly drain: Values<typeof drainSection>
  readonly health: Values<typeof healthSection>
  readonly hooks: Values<typeof hooksSection>
  readonly notify: { readonly mail: readonly string[] }
  readonly hosts: readonly HostConfig[]
}

export type HookName = keyof typeof hooksSection

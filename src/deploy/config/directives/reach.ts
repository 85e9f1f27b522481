/** [ssh], [director] and [host:NAME]: the machines of a run and how they are reached. */
import { directive } from '../../../syntax/directive.js'
import * as form from '../forms.js'

export const sshSection = {
  transport: directive({
    arg: form.oneOf('ssh2', 'openssh'),
    default: 'ssh2',
    repeat: 'once',
    support: 'acts',
    summary:
      'built in, or the programs ssh and scp with one shared connection a host: for jump hosts and host certificates, which their own files tell them',
  }),
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
  deploy_to: directive({
    arg: form.absolutePath,
    default: null,
    defaultText: 'deploy_to of [deploy]',
    repeat: 'once',
    support: 'acts',
    summary: 'its folder where it is another one',
  }),
  real: directive({
    arg: form.endpoint,
    default: null,
    repeat: 'accumulates',
    support: 'acts',
    summary: 'the real server as ldirectord.cf names it; several as real[]',
  }),
}

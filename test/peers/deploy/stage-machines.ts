/**
 * The machines of a stage: an sshd each, with a view of its own of the file system (and of its users), and the two nodes
 * of a cluster. Everything ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { bin, rootsIn, run, until } from '../harness.js'
import { type Node, pair, SLOW } from '../loopback-nodes.js'

const SSHD = '/usr/sbin/sshd'
export const SSH_PORT = 2222

const FORCED =
  'case "$SSH_ORIGINAL_COMMAND" in internal-sftp*) exec /usr/lib/openssh/sftp-server;; *) eval "exec $SSH_ORIGINAL_COMMAND";; esac'

export interface Machine {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** The machine is gone: nobody answers, and who was connected is not. */
  readonly end: () => Promise<void>
  readonly cutSessions: () => Promise<void>
}

/** A host key that known_hosts of the base names, and a configuration of an sshd that has it. Its path. */
export async function sshdConfig(
  base: string,
  own: string,
  address: string,
  more: readonly string[] = [],
): Promise<string> {
  mkdirSync(own, { recursive: true })
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(own, 'host_key')])
  const publicKey = readFileSync(join(own, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(join(base, 'known_hosts'), `[${address}]:${SSH_PORT} ${publicKey}\n`, { flag: 'a' })
  const lines = [
    `ListenAddress ${address}:${SSH_PORT}`,
    `HostKey ${own}/host_key`,
    `AuthorizedKeysFile ${base}/user_key.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'Subsystem sftp internal-sftp',
    'PermitRootLogin yes',
    'MaxStartups 50',
    ...more,
    '',
  ]
  writeFileSync(join(own, 'sshd_config'), lines.join('\n'))
  return join(own, 'sshd_config')
}

/** An sshd in a mount namespace of its own, where `from` stands at `to`: paths mean another folder on each machine. */
export async function machine(
  t: ExecutionContext,
  base: string,
  name: string,
  address: string,
  [from, to]: readonly [from: string, to: string],
  env: Readonly<Record<string, string>>,
  delayMs: number,
  /** A folder with files that stand in /etc there. */
  etc = '',
): Promise<Machine> {
  const own = join(base, name)
  mkdirSync(from, { recursive: true })
  const set = Object.entries(env).map(entry => entry.join('='))
  const slow = delayMs === 0 ? [] : [`ForceCommand sleep ${delayMs / 1000}; ${FORCED}`]
  const config = await sshdConfig(base, own, address, [
    ...slow,
    `SetEnv PATH=${process.env.PATH} ${set.join(' ')}`,
  ])
  let sshd: ChildProcess | null = null
  const start = async (): Promise<void> => {
    // What this machine's user does at each login (version managers, prompts) is no part of what is looked at.
    const inside =
      'mount --bind "$1" "$2" && mount -t tmpfs none /run && mkdir /run/sshd && ' +
      '{ [ ! -f ~/.bashrc ] || mount --bind /dev/null ~/.bashrc; } && ' +
      '{ [ -z "$5" ] || { mount --bind "$5/passwd" /etc/passwd && mount --bind "$5/sudoers" /etc/sudoers; }; } && ' +
      'exec "$3" -D -e -f "$4"'
    const words = [from, to, SSHD, config, etc]
    const child = spawn('unshare', ['-m', 'sh', '-c', inside, 'sh', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4000)
    })
    sshd = child
    await until(`sshd of ${name}`, 10_000, () => said.includes('Server listening'))
  }
  const stop = async (): Promise<void> => {
    const child = sshd
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  const end = async (): Promise<void> => {
    await cutSessions()
    await stop()
  }
  const cutSessions = async (): Promise<void> => {
    const text = readFileSync(`/proc/${sshd!.pid}/task/${sshd!.pid}/children`, 'utf8').trim()
    for (const pid of text === '' ? [] : text.split(' ')) process.kill(Number(pid), 'SIGKILL')
  }
  t.teardown(stop)
  await start()
  return { start, stop, end, cutSessions }
}

export const PLAIN_USER = 'systole-deploy'

/** /etc/passwd with a user more, who may run a shell as root by sudo without a password. Its folder. */
export function plainUser(base: string): string {
  const etc = join(base, 'etc')
  mkdirSync(etc)
  chmodSync(base, 0o711)
  const passwd = readFileSync('/etc/passwd', 'utf8')
  writeFileSync(join(etc, 'passwd'), `${passwd}${PLAIN_USER}:*:64711:64711::/:/bin/sh\n`)
  const rules = [
    'Defaults !secure_path',
    'Defaults env_keep += "PATH HA_DIR HA_VARLIB HA_VARRUN HA_VARLOG"',
    `${PLAIN_USER} ALL=(root) NOPASSWD: /bin/sh -eu, /usr/bin/sh -eu`,
    '',
  ]
  writeFileSync(join(etc, 'sudoers'), rules.join('\n'), { mode: 0o440 })
  return etc
}

/** Two nodes whose resource is ldirectord, which runs warm on both and has its drains mirrored. */
export function cluster(t: ExecutionContext): Node[] {
  const warm = (root: string): string => `respawn root ${root}/warm`
  const { alpha, beta } = pair(t, {
    haCf: [...SLOW, 'apiauth ldirectord uid=root'],
    haCfIn: root => [warm(root)],
    haresources: 'alpha ldirectord::ldirectord.cf\n',
  })
  const nodes = [alpha, beta]
  for (const { root } of nodes) {
    const set = Object.entries(rootsIn(root)).map(([name, folder]) => `${name}=${folder}`)
    const text = `#!/bin/sh\nexec env ${set.join(' ')} ${process.execPath} ${bin('ldirectord')} ldirectord.cf warm\n`
    writeFileSync(join(root, 'warm'), text, { mode: 0o755 })
  }
  t.teardown(async () => {
    for (const node of nodes) await node.command('heartbeat', '-k')
  })
  return nodes
}

export async function startCluster(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    const started = await node.command('heartbeat')
    if (started.exitCode !== 0) throw new Error(`heartbeat of ${node.name}: ${started.stderr}`)
  }
}

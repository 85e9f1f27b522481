/**
 * Two machines (user-mode kernels) joined by nothing but a serial line: ours in one, heartbeat 3.0.6 in the other. Both
 * see each other active over it, and when the original's machine loses its power ours takes its group. The line takes
 * neither the speed nor the flow control that is asked for, as the serial ports of virtual machines often do.
 */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, ipvsVm, project, type Rig, until } from '../harness.js'
import { peerTest } from '../require.js'

const test = peerTest('net-admin', 'tun', 'user-mode-linux', 'heartbeat', 'iproute2', 'perl-base', 'kmod')

const TTY = '/dev/ttyS0'
const OURS = 'dir1'
const THEIRS = 'dir2'
const COMMAND: Readonly<Record<string, readonly string[]>> = {
  [OURS]: [process.execPath, bin('heartbeat')],
  [THEIRS]: ['/usr/libexec/heartbeat/heartbeat'],
}

const FILES = {
  'ha.cf': `logfile /var/log/ha-log
keepalive 500ms
warntime 3
deadtime 5
initdead 20
baud 115200
serial ${TTY}
auto_failback off
node ${OURS} ${THEIRS}
`,
  authkeys: 'auth 1\n1 sha1 over-the-line\n',
  haresources: `${THEIRS} mark::web\n`,
}

/** It starts no program of its own: that takes seconds in such a machine. */
const MARK = `#!/bin/sh
case $2 in
start) : > /run/mark.$1;;
stop) [ ! -e /run/mark.$1 ] || rm /run/mark.$1;;
*) [ -e /run/mark.$1 ] && echo running || echo stopped;;
esac
`

/** A copy of the machine's /etc/ha.d with our files; links in it are copied as links and never written through. */
function configuration(t: ExecutionContext): string {
  const etc = temporaryFolder(t)
  cpSync('/etc/ha.d', etc, { recursive: true, verbatimSymlinks: true })
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(etc, name), text, { mode: 0o600 })
  writeFileSync(join(etc, 'resource.d/mark'), MARK, { mode: 0o755 })
  return etc
}

class Guests {
  readonly #vm: Rig

  constructor(vm: Rig) {
    this.#vm = vm
  }

  async log(guest: string): Promise<string> {
    return (await this.#vm.attempt(['exec', guest, '-t', '8', 'cat', '/var/log/ha-log'])).stdout
  }

  async says(guest: string, limitMs: number, ...lines: readonly string[]): Promise<void> {
    let log = ''
    await until(`${guest} says ${lines.join('; ')}`, limitMs, async () => {
      log = await this.log(guest)
      return lines.every(line => log.includes(line))
    }).catch(error => {
      throw new Error(`${error.message}\n${log}`)
    })
  }

  async serves(guest: string): Promise<boolean> {
    const { exitCode } = await this.#vm.attempt(['exec', guest, '-t', '8', 'test', '-e', '/run/mark.web'])
    return exitCode === 0
  }
}

test('two machines joined by a serial line alone see each other active, ours and heartbeat 3.0.6, and ours takes over when the line falls silent', async t => {
  t.timeout(60_000)
  const vm = await ipvsVm(t, '2', '--clients', '0', '--etc', configuration(t), '--share', project)
  const guests = new Guests(vm)
  await Promise.all([OURS, THEIRS].map(guest => vm.command('exec', guest, '-t', '30', ...COMMAND[guest]!)))
  for (const [guest, other] of [
    [OURS, THEIRS],
    [THEIRS, OURS],
  ] as const)
    await guests.says(
      guest,
      20_000,
      `Link ${other}:${TTY} up.`,
      `Status update for node ${other}: status active`,
    )
  t.regex(await guests.log(OURS), /WARN: \/dev\/ttyS0 does not take 115200 baud with flow control/)
  t.notRegex(await guests.log(THEIRS), / (ERROR|CRIT): (?!Cannot lock ourselves)/)
  t.false(await guests.serves(OURS), 'the group belongs to the other machine')

  await vm.command('kill', THEIRS)
  await guests.says(OURS, 15_000, `node ${THEIRS}: is dead`, `Link ${THEIRS}:${TTY} dead.`)
  await until('ours has taken the group', 10_000, () => guests.serves(OURS)).catch(async error => {
    throw new Error(`${error.message}\n${await guests.log(OURS)}`)
  })
})

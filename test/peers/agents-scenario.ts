/**
 * One list of calls to resource agents, carried out by the original's scripts or by ours inside a fresh network and
 * mount namespace: `unshare -mn node agents-scenario.js original|ours FOLDER` prints, for each call, exit code, what
 * its output says, and what the machine looks like afterwards. Whoever wants a new recording runs it with `original`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { AgentContext } from '../../src/agents/agent.js'
import { builtinAgents } from '../../src/agents/table.js'

export interface CallRecord {
  readonly call: string
  readonly exitCode: number
  /** As heartbeat's ResourceManager reads the output of status. */
  readonly says: 'running' | 'stopped' | ''
  readonly state: readonly string[]
}

type Look = 'v4' | 'v6' | 'routes' | 'mounts' | 'ports' | 'nothing'

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

function command(file: string, ...args: string[]): string {
  const result = spawnSync(file, args, { encoding: 'utf8', env: ENV, timeout: 60_000 })
  return result.stdout
}

/** 'refused' by the kernel, or 'dropped' without a word. */
function knock(port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 200 })
    const end = (word: string) => () => {
      socket.destroy()
      resolve(`${port} ${word}`)
    }
    socket.on('error', end('refused'))
    socket.on('timeout', end('dropped'))
  })
}

async function look(what: Look, folder: string): Promise<string[]> {
  const lines = (text: string): string[] => text.split('\n').map(line => line.trim()).filter(Boolean) // biome-ignore format: one pipe
  switch (what) {
    case 'v6':
      return lines(command('ip', '-o', '-6', 'addr', 'show', 'scope', 'global'))
        .flatMap(line => /\d+: (\S+) +inet6 (\S+)/.exec(line)?.slice(1, 3).join(' ') ?? [])
        .toSorted()
    case 'v4':
      return lines(command('ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0')).flatMap(
        line =>
          /inet (\S+( brd \S+)?) .*?(eth0\S*)\\/
            .exec(line)
            ?.filter((_, at) => at === 1 || at === 3)
            .join(' ') ?? [],
      )
    case 'routes':
      return lines(command('ip', '-4', 'route', 'show'))
    case 'mounts':
      return lines(readFileSync('/proc/self/mountinfo', 'utf8'))
        .filter(line => line.split(' ')[4]?.startsWith(`${folder}/`))
        .map(line => `${line.split(' ')[4]} ${line.split(' - ')[1]?.split(' ')[0]} ${line.split(' ')[5]?.slice(0, 2)}`) // biome-ignore format: one line of the report
        .map(line => line.replaceAll(folder, '$DIR'))
    case 'ports':
      return [await knock(80), await knock(81)]
    case 'nothing':
      return []
  }
}

type Runner = (name: string, args: string[], action: string) => Promise<{ exitCode: number; output: string }>

const original: Runner = async (name, args, action) => {
  const result = spawnSync(`/etc/ha.d/resource.d/${name}`, [...args, action], {
    encoding: 'utf8',
    env: ENV,
    timeout: 60_000,
  })
  return { exitCode: result.status ?? -1, output: result.stdout }
}

const context: AgentContext = {
  paths: { haDir: '/etc/ha.d', varLib: '/run', varRun: '/run', varLog: '/run' },
  env: ENV,
  signal: new AbortController().signal,
  log: () => {},
}
const ours: Runner = async (name, args, action) => {
  const agent = builtinAgents.get(name)
  if (!agent) throw new Error(`there is no agent ${name}`)
  return agent.run(args, action, context)
}

/** The rule of ResourceManager: a text that says "not running" is not owned, "running" or "OK" is. */
function reading(output: string): CallRecord['says'] {
  if (/[Nn][Oo][Tt].*[Rr]unning/.test(output)) return 'stopped'
  return /[Rr]unning|OK/.test(output) ? 'running' : 'stopped'
}

/** `!` in front: a command that prepares. Else: agent, arguments, action. `?` in front of a look: shown after calls. */
const SCRIPT = `
! ip link set lo up
! ip link add eth0 type veth peer name peer0
! ip link add eth1 type veth peer name peer1
! ip link set eth0 up
! ip link set peer0 up
! ip link set eth1 up
! ip link set peer1 up
! ip addr add 2001:db8:1::1/64 dev eth0 nodad
! ip addr add 10.77.0.1/24 brd + dev eth0
! ip addr add 10.78.0.1/24 dev eth1
? v6
IPv6addr 2001:db8:1::10 status
IPv6addr 2001:db8:1::10 start
IPv6addr 2001:db8:1::10 start
IPv6addr 2001:db8:1::10 status
IPv6addr 2001:DB8:1:0::10 monitor
IPv6addr 2001:db8:1::12/128/eth0 start
IPv6addr 2001:db8:9::12/64/eth1 start
IPv6addr 2001:db8:9::12/64/eth1 stop
IPv6addr 2001:db8:1::12 stop
IPv6addr 2001:db8:1::10 stop
IPv6addr 2001:db8:1::10 stop
IPv6addr 2001:db8:1::10 status
IPv6addr 2001:db8:8::13 start
IPv6addr 2001:db8:8::13/64/eth9 start
IPv6addr zzz start
IPv6addr 2001:db8:1::11/200 start
? routes
IPsrcaddr 10.77.0.100 start
! ip route add default via 10.77.0.254
IPsrcaddr 10.77.0.100 status
! ip addr add 10.77.0.100/24 dev eth0
IPsrcaddr 10.77.0.100 status
IPsrcaddr 10.77.0.100 start
IPsrcaddr 10.77.0.100 start
IPsrcaddr 10.77.0.100 status
IPsrcaddr 10.77.0.100 stop
IPsrcaddr 10.77.0.100 stop
IPsrcaddr 10.77.0.100 status
IPsrcaddr foo start
! ip addr add 10.78.0.100/24 dev eth1
IPsrcaddr 10.78.0.100 start
IPsrcaddr 10.78.0.100 stop
? nothing
SendArp 10.77.0.100/eth0 status
SendArp 10.77.0.100/eth0 start
SendArp 10.77.0.100/eth0 status
SendArp 10.77.0.100/eth0 stop
SendArp 10.77.0.100/eth0 stop
SendArp 10.77.0.100/eth0 status
Delay 0.1 0.1 start
Delay 0.1 0.1 start
Delay 0.1 0.1 stop
Delay 0.1 0.1 stop
Delay x start
Delay 2s stop
MailTo root status
? mounts
Filesystem tmpfs $DIR/m1 tmpfs status
Filesystem tmpfs $DIR/m1 tmpfs start
Filesystem tmpfs $DIR/m1 tmpfs start
Filesystem tmpfs $DIR/m1 tmpfs status
! mkdir $DIR/m1/sub
! mount -t tmpfs x $DIR/m1/sub
Filesystem tmpfs $DIR/m1/ tmpfs stop
Filesystem tmpfs $DIR/m1 tmpfs stop
Filesystem tmpfs $DIR/m1 tmpfs status
Filesystem $DIR/source $DIR/m1 none bind,ro start
Filesystem $DIR/source $DIR/m1 none bind,ro stop
Filesystem /dev/nosuch $DIR/m1 ext4 start
Filesystem /dev/nosuch $DIR/m1 ext4 status
Filesystem /dev/nosuch $DIR/m1 ext4 stop
Filesystem tmpfs $DIR/made tmpfs size=1m,mode=700 start
Filesystem tmpfs $DIR/made tmpfs stop
? ports
portblock tcp 80 block status
portblock tcp 80 block start
portblock tcp 80 block start
portblock tcp 80 block status
portblock tcp 80 unblock status
portblock tcp 80 unblock start
portblock tcp 80 unblock start
portblock tcp 80 unblock status
portblock tcp 80 block status
portblock tcp 80 unblock stop
portblock tcp 80 unblock stop
portblock tcp 80 unblock status
portblock tcp 80 block status
portblock tcp 80 block stop
portblock tcp 80 block stop
portblock tcp 80 block status
portblock tcp 80,81 block start
portblock tcp 80,81 block stop
portblock tcp 70000 block start
portblock tcp x.y block start
? v4
IPaddr2 10.77.0.50 status
IPaddr2 10.77.0.50 start
IPaddr2 10.77.0.50 start
IPaddr2 10.77.0.50 status
IPaddr2 10.77.0.50 monitor
IPaddr2 10.77.0.50 stop
IPaddr2 10.77.0.50 stop
IPaddr2 10.77.0.51/24/eth0 start
IPaddr2 10.77.0.51/24/eth0 stop
IPaddr2 10.77.0.52/24/eth0:3 start
IPaddr2 10.77.0.52/24/eth0:3 stop
IPaddr2 10.77.0.53/24/eth0/10.77.0.255 start
IPaddr2 10.77.0.53/24/eth0/10.77.0.255 stop
IPaddr2 10.10.0.1/32/eth0:0/10.10.0.1 start
IPaddr2 10.10.0.1/32/eth0:0/10.10.0.1 status
IPaddr2 10.10.0.1/32/eth0:0/10.10.0.1 stop
IPaddr2 10.10.0.1/32/0:0/10.10.0.1 status
IPaddr2 10.10.0.1/32/0:0/10.10.0.1 stop
IPaddr2 10.99.0.1 start
IPaddr2 foo start
IPaddr2 foo status
IPaddr2 foo stop
IPaddr2 10.77.0.51/99 start
IPaddr2 10.77.0.54/24/eth9 start
IPaddr2 10.77.0.54/24/eth9 stop
IPaddr2 start
IPaddr2 a b start
IPaddr2 10.77.0.50 bogus
IPaddr2 10.77.0.50 usage
IPaddr 10.77.0.50 status
IPaddr 10.77.0.50 start
IPaddr 10.77.0.55 start
IPaddr 10.77.0.50 start
IPaddr 10.77.0.50 status
IPaddr 10.77.0.50 stop
IPaddr 10.77.0.55 stop
IPaddr 10.77.0.50 status
IPaddr 10.77.0.52/24/eth0:3 start
IPaddr 10.77.0.52/24/eth0:3 stop
IPaddr 10.77.0.53/24/eth0/10.77.0.255 start
IPaddr 10.77.0.53/24/eth0/10.77.0.255 stop
IPaddr 10.10.0.1/32/eth0:0/10.10.0.1 start
IPaddr 10.10.0.1/32/eth0:0/10.10.0.1 status
IPaddr 10.10.0.1/32/eth0:0/10.10.0.1 stop
IPaddr 10.10.0.1/32/0:0/10.10.0.1 status
IPaddr 10.10.0.1/32/0:0/10.10.0.1 stop
! ip addr add 10.10.0.9/24 dev eth0
IPaddr 10.10.0.1/32/0:0/10.10.0.1 start
IPaddr 10.10.0.1/32/0:0/10.10.0.1 stop
IPaddr2 10.10.0.1/32/0:0/10.10.0.1 start
IPaddr2 10.10.0.1/32/0:0/10.10.0.1 stop
IPaddr foo start
IPaddr foo status
IPaddr foo stop
IPaddr 10.77.0.51/99 start
IPaddr 10.77.0.54/24/eth9 start
IPaddr start
IPaddr a b start
IPaddr 10.77.0.50 bogus
? nothing
IPv6addr start
IPv6addr a b start
IPv6addr 2001:db8:1::10 bogus
IPsrcaddr start
IPsrcaddr 10.77.0.1 bogus
SendArp start
SendArp a b start
SendArp 10.77.0.1/eth0 bogus
SendArp 10.77.0.1/eth0 usage
Filesystem tmpfs start
Filesystem tmpfs $DIR/m1 tmpfs bogus
MailTo start
MailTo a b c start
MailTo root bogus
Delay 1 2 3 start
Delay 1 bogus
portblock tcp 80 start
portblock tcp 80 block bogus
apache a b start
apache /nonexistent.conf status
apache /nonexistent.conf stop
apache /nonexistent.conf bogus
`

async function main(kind: string, folder: string): Promise<void> {
  command('mount', '-t', 'tmpfs', 'tmpfs', '/run')
  for (const name of ['/run/resource-agents', `${folder}/m1`, `${folder}/source`]) {
    mkdirSync(name, { recursive: true })
  }
  writeFileSync(`${folder}/source/inside`, '')
  const run = kind === 'original' ? original : ours
  const records: CallRecord[] = []
  let shown: Look = 'nothing'
  for (const line of SCRIPT.trim().split('\n')) {
    const [first = '', ...words] = line.replaceAll('$DIR', folder).split(' ')
    if (first === '!') command(words[0] ?? '', ...words.slice(1))
    else if (first === '?') shown = words[0] as Look
    else {
      const action = words.at(-1) ?? ''
      const { exitCode, output } = await run(first, words.slice(0, -1), action)
      const isQuestion = action === 'status' || action === 'monitor'
      const state = await look(shown, folder)
      records.push({ call: line, exitCode, says: isQuestion ? reading(output) : '', state })
    }
  }
  process.stdout.write(`${JSON.stringify(records)}\n`)
}

const [, file = '', kind = '', folder = ''] = process.argv
if (file.endsWith('agents-scenario.js') && kind !== '') await main(kind, folder)

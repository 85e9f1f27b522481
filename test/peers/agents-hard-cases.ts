/**
 * What the original does not do, or does otherwise, on a real kernel: an address that somebody else has, what the
 * neighbours hear, a directory that is in use. Run inside a fresh namespace; prints one JSON record of what was seen.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentContext, AgentOutcome } from '../../src/agents/agent.js'
import { runByHand } from '../../src/agents/by-hand.js'
import { builtinAgents } from '../../src/agents/table.js'
import { hearAddressChanges } from '../../src/base/io/address-changes.js'
import { isNativeFailure } from '../../src/base/io/native.js'
import type { FromRunner } from '../../src/heartbeat/resources/plan/protocol.js'
import { ONLY_JOBS } from '../../src/heartbeat/resources/plan/settings.js'
import { Runner } from '../../src/heartbeat/resources/runner.js'

export interface Encounter {
  readonly lines: readonly string[]
  readonly isSet: boolean
  readonly isLost: boolean
}

export interface HardCases {
  readonly rivalAtOurOwnStart: Encounter
  readonly rivalOfADeadNode: Encounter
  /** Whether addresses have changed: at first, after one was added, with nothing since, after each was removed. */
  readonly addressChanges: readonly boolean[]
  readonly duplicate: AgentOutcome
  readonly duplicate4: AgentOutcome
  readonly free4: AgentOutcome
  readonly again4: AgentOutcome
  readonly addressesAfterDuplicate: string
  readonly duplicateStatus: AgentOutcome
  readonly heard: string
  readonly busyStop: AgentOutcome
  readonly aliveAfterStop: boolean
  readonly forcedStop: AgentOutcome
  readonly aliveAfterForcedStop: boolean
  /** Rules of iptables and ip6tables after block start twice, then after its stop, where nft is not installed. */
  readonly rulesWhileBlocked: string
  readonly rulesAfterwards: string
  readonly logged: readonly string[]
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
const logged: string[] = []
const context: AgentContext = {
  paths: { haDir: '/etc/ha.d', varLib: '/run', varRun: '/run', varLog: '/run' },
  env: ENV,
  signal: new AbortController().signal,
  log: (level, instance, text) => logged.push(`${level} ${instance}: ${text}`),
}

function command(line: string): string {
  const [file = '', ...args] = line.split(' ')
  return spawnSync(file, args, { encoding: 'utf8', env: ENV, timeout: 10_000 }).stdout
}

async function agent(line: string, env = ENV): Promise<AgentOutcome> {
  const [name = '', ...words] = line.split(' ')
  const found = builtinAgents.get(name)
  if (!found) throw new Error(`there is no agent ${name}`)
  return runByHand(found, words.slice(0, -1), words.at(-1) ?? '', { ...context, env })
}

async function heardAfterStart(): Promise<string> {
  const ear = spawn('tcpdump', ['-n', '-v', '-l', '-c', '2', '-i', 'peer0', 'icmp6 and ip6[40] == 136'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ENV,
  })
  let text = ''
  ear.stdout.on('data', chunk => {
    text += chunk
  })
  await once(ear.stderr, 'data') // "listening on": packets are counted from now
  await agent('IPv6addr 2001:db8:1::20/64/eth0 start')
  await Promise.race([once(ear, 'exit'), sleep(10_000)])
  ear.kill()
  return text
}

/** On a device that nothing else uses, so that the kernel has nothing of its own to tell. */
function addressChanges(): boolean[] {
  const changes = hearAddressChanges()
  if (isNativeFailure(changes)) throw new Error(changes.reason)
  const after = (line: string): boolean => {
    if (line !== '') command(`ip ${line}`)
    return changes.haveCome()
  }
  const seen = [
    '',
    'addr add 10.67.0.1/24 dev lo',
    '',
    'addr del 10.67.0.1/24 dev lo',
    '',
    'addr del ::1/128 dev lo',
  ]
  const told = seen.map(after)
  changes.close()
  return told
}

/** The kernel makes them; until then a neighbour cannot be asked. */
async function linkLocalsAreReady(): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const all = command('ip -6 addr show dev eth1') + command('ip -n other -6 addr show dev other0')
    const ready = all.match(/fe80::\S+ scope link\b(?! tentative)/g)
    if ((ready?.length ?? 0) === 2) return
    await sleep(50)
  }
}

/** What our runner does about a group whose address 10.66.0.99 another machine has, by how it came to take it. */
async function meetsRival(what: 'takeLocal' | 'takeFrom'): Promise<Encounter> {
  const said: FromRunner[] = []
  const lines: string[] = []
  let wake = (): void => {}
  const runner = new Runner(
    {
      ...{
        kind: 'begin',
        us: 'alpha',
        held: [],
        keepaliveMs: 1,
        logfile: null,
        paths: context.paths,
        env: ENV,
      },
      settings: { ...ONLY_JOBS, addressInUse: 'auto' },
    },
    {
      send: message => {
        said.push(message)
        wake()
      },
      say: ({ text }) => {
        lines.push(text)
        wake()
      },
      wallMs: () => 0,
      exit: () => {},
      reboot: async () => 'not in a test',
    },
  )
  const text = 'IPaddr2::10.66.0.99/24/eth1'
  const group = { node: 'alpha', resources: [{ text, script: 'IPaddr2', args: ['10.66.0.99/24/eth1'] }] }
  const job = { job: 1, what, resourceClass: 'local', node: 'alpha', why: 'test' } as const
  const startedMs = performance.now()
  runner.receive({ kind: 'job', job, groups: [group] })
  const isOver = (): boolean => lines.some(line => line.startsWith('Another machine')) && said.some(({ kind }) => kind === 'jobEnded' || kind === 'groupLost') // biome-ignore format: one condition
  const timer = setTimeout(() => wake(), 15_000)
  while (!isOver() && performance.now() - startedMs < 15_000) {
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
  // What it does next is done within its turn: a job that follows ends after it.
  runner.receive({ kind: 'job', job: { ...job, job: 2, what: 'takeGroup', key: 'none' }, groups: [] })
  while (!said.some(message => message.kind === 'jobEnded' && message.job === 2)) {
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
  clearTimeout(timer)
  const isSet = command('ip -o -4 addr show dev eth1').includes(' 10.66.0.99/')
  runner.receive({ kind: 'goodbye' })
  return { lines: lines, isSet, isLost: said.some(({ kind }) => kind === 'groupLost') }
}

async function main(folder: string): Promise<void> {
  command('mount -t tmpfs tmpfs /run')
  command('ip link set lo up')
  const changes = addressChanges()
  for (const line of [
    'link add eth0 type veth peer name peer0',
    'link set eth0 up',
    'link set peer0 up',
    'addr add 2001:db8:1::1/64 dev eth0 nodad',
    'netns add other',
    'link add eth1 type veth peer name other0 netns other',
    'link set eth1 up',
    '-n other link set other0 up',
    'addr add 10.66.0.1/24 dev eth1',
    'addr add 2001:db8:2::1/64 dev eth1 nodad',
    '-n other addr add 10.66.0.99/24 dev other0',
    '-n other addr add 2001:db8:2::99/64 dev other0 nodad',
  ])
    command(`ip ${line}`)
  await linkLocalsAreReady()
  const duplicate = await agent('IPv6addr 2001:db8:2::99/64/eth1 start')
  const duplicate4 = await agent('IPaddr2 10.66.0.99/24/eth1 start')
  const addressesAfterDuplicate = command('ip -o addr show dev eth1')
  const duplicateStatus = await agent('IPv6addr 2001:db8:2::99/64/eth1 status')
  const free4 = await agent('IPaddr2 10.66.0.98/24/eth1 start')
  const again4 = await agent('IPaddr2 10.66.0.98/24/eth1 start')
  const rivalAtOurOwnStart = await meetsRival('takeLocal')
  const rivalOfADeadNode = await meetsRival('takeFrom')
  const heard = await heardAfterStart()

  mkdirSync(`${folder}/busy`)
  await agent(`Filesystem tmpfs ${folder}/busy tmpfs start`)
  const user = spawn('sleep', ['60'], { cwd: `${folder}/busy`, stdio: 'ignore' })
  await once(user, 'spawn')
  const busyStop = await agent(`Filesystem tmpfs ${folder}/busy tmpfs stop`)
  const aliveAfterStop = user.exitCode === null && user.signalCode === null
  const forcedStop = await agent(`Filesystem tmpfs ${folder}/busy tmpfs force_unmount=yes stop`)
  const aliveAfterForcedStop = user.exitCode === null && user.signalCode === null
  user.kill('SIGKILL')

  // A PATH that holds nothing but iptables.
  mkdirSync(`${folder}/bin`)
  for (const name of ['iptables', 'ip6tables']) symlinkSync(`/usr/sbin/${name}`, `${folder}/bin/${name}`)
  const env = { PATH: `${folder}/bin`, LC_ALL: 'C' }
  const rules = (): string => command('iptables -S INPUT') + command('ip6tables -S INPUT')
  for (let i = 0; i < 2; i++) await agent('portblock tcp 80,443 block start', env)
  const rulesWhileBlocked = rules()
  await agent('portblock tcp 80,443 block stop', env)
  const rulesAfterwards = rules()

  const record: HardCases = {
    addressChanges: changes,
    ...{ duplicate4, free4, again4, rivalAtOurOwnStart, rivalOfADeadNode },
    ...{ duplicate, addressesAfterDuplicate, duplicateStatus, heard },
    ...{ busyStop, aliveAfterStop, forcedStop, aliveAfterForcedStop, logged },
    ...{ rulesWhileBlocked, rulesAfterwards },
  }
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

const [, file = '', folder = ''] = process.argv
if (file.endsWith('agents-hard-cases.js') && folder !== '') await main(folder)

/**
 * Which processes belong to the demo cluster, found by their environment: every program of a node is started with the
 * node's HA_DIR, and children inherit it. So a process that a daemon started is found too, and none of anybody else.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { commandLine, readPidFile } from '../base/io/processes.js'
import type { Layout } from './layout.js'

export interface Member {
  readonly pid: number
  /** The node's name; null for web servers. */
  readonly node: string | null
  readonly role: Role
  /** Name of a web server, such as `real1`; else the role. */
  readonly name: string
}

/** What a process is, by its command line. */
export type Role = 'heartbeat' | 'resource runner' | 'ldirectord' | 'forwarder' | 'web server' | 'script'

const ROLES: readonly (readonly [pattern: RegExp, role: Role])[] = [
  [/demo-web/, 'web server'],
  [/ldirectord.*proxy|proxy.*ldirectord/, 'forwarder'],
  [/heartbeat.*(runner|resource)/, 'resource runner'],
  [/ldirectord/, 'ldirectord'],
  [/heartbeat/, 'heartbeat'],
]

/** A process that was seen this often and is not ours will not become ours any more (it had time to exec). */
const STRANGER_AFTER = 4
const strangers = new Map<number, number>()

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it ended, or belongs to another user: not ours
  }
}

function memberOf(pid: number, layout: Layout): Member | null {
  const environment = read(`/proc/${pid}/environ`).split('\0')
  const node = layout.nodes.find(({ haDir }) => environment.includes(`HA_DIR=${haDir}`))
  if (node === undefined && !environment.includes(`SYSTOLE_DEMO=${layout.state}`)) return null
  const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
  if (command === '') return null // a zombie
  const role = ROLES.find(([pattern]) => pattern.test(command))?.[1] ?? 'script'
  return { pid, node: node?.name ?? null, role, name: /demo-web\S* (\w+)/.exec(command)?.[1] ?? role }
}

export function membersOf(layout: Layout): Member[] {
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
  const present = new Set(pids)
  for (const pid of strangers.keys()) if (!present.has(pid)) strangers.delete(pid)
  const members: Member[] = []
  for (const pid of pids) {
    const seen = strangers.get(pid) ?? 0
    if (pid === process.pid || seen > STRANGER_AFTER) continue
    const member = memberOf(pid, layout)
    if (member === null) strangers.set(pid, seen + 1)
    else {
      strangers.delete(pid)
      members.push(member)
    }
  }
  return members
}

/** A process that was killed keeps its pid until its parent has noticed, but it has no command line any more. */
const runsLdirectord = (pidFile: string): boolean =>
  commandLine(readPidFile(pidFile) ?? 0).includes('ldirectord')

/** The node whose ldirectord daemon runs: the last resource of the group, so that node owns the service. */
export function ownerOf(layout: Layout): string | null {
  const owner = layout.nodes.find(({ varRun }) =>
    filesOf(varRun).some(name => /^ldirectord\..*\.pid$/.test(name) && runsLdirectord(`${varRun}/${name}`)),
  )
  return owner?.name ?? null
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // the node has not made it yet
  }
}

/**
 * ResourceManager by hand, with the verbs, texts and exit codes of the original's script: what haresources names,
 * what runs here, and taking or giving one group without asking the cluster. It runs the same plans as the daemon's
 * resource runner. A stop that fails for good ends with exit code 1: nothing is killed, and nothing is rebooted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentLevel, ANNOUNCEMENTS } from '../../agents/agent.js'
import { readSmallFile } from '../../base/io/files.js'
import { pathsFrom } from '../../base/paths.js'
import { parseHaresources } from '../../heartbeat/config/haresources.js'
import { HARESOURCES_BYTES_MAX, plainGroups } from '../../heartbeat/io/haresources-file.js'
import { nodeName } from '../../heartbeat/io/node-name.js'
import {
  CALL_TIMEOUT_MS,
  type CallWorld,
  callResource,
  locateResource,
} from '../../heartbeat/resources/call.js'
import { type Performer, perform } from '../../heartbeat/resources/perform.js'
import {
  giveGroup,
  type Plan,
  STOP_RETRIES,
  saysRunning,
  takeGroup,
} from '../../heartbeat/resources/plan/group.js'
import { groupKey, type Resource, type ResourceGroup } from '../../heartbeat/resources/plan/resource.js'
import type { Called } from './here.js'
import { appendTo, type LogText, scriptLog } from './script-log.js'

const NOT_RUNNING = 3

const usage = (program: string): string =>
  `usage: ${program} listkeys machine | takegroup key | givegroup key|status resource\n\n`
const HELP = `listkeys NODE     the groups whose preferred owner is NODE, each by its first resource
allkeys           the same for all nodes
ourkeys, otherkeys  the groups of this node, of the others, with all their resources
status RESOURCE   whether it runs here: exit 0, else 3
takegroup KEY, givegroup KEY   start or stop the group here; the cluster is not asked and not told
statgroup KEY     ALL, SOME or NONE of its resources run here
verifyallidle     exit 0 when no group runs here
`

export class ResourceManager {
  readonly #program: string
  readonly #env: Called['env']
  readonly #output: Called['output']
  readonly #say: LogText
  /** What the scripts of a group print, and what is said about it: in HA_DEBUGLOG, where that is given. */
  readonly #aside: (text: string) => void
  readonly #sayAside: LogText
  readonly #call: CallWorld
  readonly #haDir: string

  constructor({ program, env, output }: Pick<Called, 'program' | 'env' | 'output'>) {
    const paths = pathsFrom(env)
    this.#program = program
    this.#env = env
    this.#output = output
    this.#haDir = paths.haDir
    const { HA_DEBUGLOG: debuglog } = env
    this.#aside = debuglog ? text => appendTo(debuglog, text) : output.error
    this.#say = scriptLog('ResourceManager(default)', env, output.error)
    this.#sayAside = scriptLog('ResourceManager(default)', env, this.#aside)
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
    this.#call = {
      paths,
      env: Object.fromEntries(given),
      ending: new AbortController().signal,
      timeoutMs: CALL_TIMEOUT_MS,
      announcements: ANNOUNCEMENTS,
      log: (level: AgentLevel, instance, text) =>
        scriptLog(`${instance.split('_')[0]}(${instance})`, env, this.#aside)(`${level}: ${text}`),
    }
  }

  /** Resolves with the exit code. */
  async run([verb, word = '']: readonly string[]): Promise<number> {
    switch (verb) {
      case 'listkeys':
        return this.#print(this.keysOf(word))
      case 'allkeys':
        return this.#print(this.#groups().map(groupKey))
      case 'ourkeys':
        return this.#print(this.#resourcesWhere(node => node === this.#us()))
      case 'otherkeys':
        return this.#print(this.#resourcesWhere(node => node !== this.#us()))
      case 'status':
        return (await this.isRunning(word)) ? 0 : NOT_RUNNING
      case 'takegroup':
        return this.take(word)
      case 'givegroup':
        return this.#performAll(word, group => giveGroup(group, this.#retries()))
      case 'statgroup':
        return this.#printState(word)
      case 'verifyallidle':
        return this.#verifyAllIdle()
      default:
        this.#output.error(usage(this.#program))
        if (verb === '--help' || verb === '-h') this.#output.out(HELP)
        return 1
    }
  }

  keysOf(node: string): string[] {
    const wanted = node.toLowerCase()
    return this.#groups()
      .filter(group => group.node === wanted)
      .map(groupKey)
  }

  /** Also a resource that no group names. */
  async isRunning(text: string): Promise<boolean> {
    const resource = plainGroups(parseHaresources(`x ${text}\n`, { file: '', nodes: null }).value.groups)[0]
      ?.resources[0]
    if (resource !== undefined && locateResource(resource, this.#call).kind !== 'none') {
      return saysRunning((await callResource(resource, 'status', this.#call)).output)
    }
    this.#say(`ERROR: Cannot locate resource script ${resource?.script ?? ''}`)
    return false
  }

  take(key: string): Promise<number> {
    return this.#performAll(key, group => takeGroup(group, this.#retries()))
  }

  /** Of haresources as it is now; nothing where there is none. */
  #groups(): ResourceGroup[] {
    const path = `${this.#haDir}/haresources`
    try {
      const text = readSmallFile(path, HARESOURCES_BYTES_MAX).toString('latin1')
      return plainGroups(parseHaresources(text, { file: path, nodes: null }).value.groups)
    } catch {
      return []
    }
  }

  #us(): string {
    return this.#env.HA_CURHOST?.toLowerCase() ?? nodeName(this.#haDir)
  }

  #retries(): typeof STOP_RETRIES {
    const max = Number(this.#env.HA_STOPRETRYMAX || STOP_RETRIES.max)
    return {
      ...STOP_RETRIES,
      max: Number.isInteger(max) && max >= 0 ? Math.min(max, 3_600) : STOP_RETRIES.max,
    }
  }

  #resourcesWhere(isMeant: (node: string) => boolean): string[] {
    const groups = this.#groups().filter(({ node }) => isMeant(node))
    return groups.map(({ resources }) => resources.map(({ text }) => text).join(' '))
  }

  #print(lines: readonly string[]): number {
    this.#output.out(lines.map(line => `${line}\n`).join(''))
    return 0
  }

  /** A group is named by any of its resources; an unknown name is nothing to do. */
  #named(key: string): ResourceGroup[] {
    return this.#groups().filter(({ resources }) => resources.some(({ text }) => text === key))
  }

  async #performAll(key: string, plan: (group: ResourceGroup) => Plan): Promise<number> {
    let failed = 0
    for (const group of this.#named(key)) if (!(await perform(plan(group), this.#performer()))) failed = 1
    return failed
  }

  #performer(): Performer {
    return {
      locate: (resource: Resource) => {
        const located = locateResource(resource, this.#call)
        return located.kind === 'none' ? null : located.path
      },
      call: async (resource, action) => {
        const outcome = await callResource(resource, action, this.#call)
        if (action !== 'status') this.#aside(outcome.output)
        return outcome
      },
      log: (level, text) => this.#sayAside(`${level}: ${text}`),
      pause: async ms => {
        await sleep(ms)
      },
    }
  }

  async #printState(key: string): Promise<number> {
    let running = 0
    const resources = this.#named(key).flatMap(group => group.resources)
    for (const { text } of resources) if (await this.isRunning(text)) running++
    const some = running < resources.length ? 'SOME' : 'ALL'
    const state = `${running === 0 ? 'NONE' : some}\n`
    if (this.#env.HA_DEBUGLOG) this.#aside(state)
    else this.#output.out(state)
    return 0
  }

  async #verifyAllIdle(): Promise<number> {
    let active = 0
    for (const key of this.#groups().map(groupKey)) {
      if (!(await this.isRunning(key))) continue
      active++
      const isActive = `CRITICAL: Resource ${key} is active, and should not be!`
      const dangerous = 'CRITICAL: Non-idle resources can affect data integrity!'
      const help = "info: If you don't know what this means, then get help!"
      for (const text of [isActive, dangerous, help]) this.#say(text)
      this.#say(`info: Read the docs and/or source to ${this.#program} for more details.`)
      this.#output.error([isActive, dangerous, help].map(text => `${text}\n`).join(''))
      this.#output.error(`info: Read the docs and/or the source to ${this.#program} for more details.\n`)
    }
    if (active > 0) {
      this.#say('CRITICAL: Non-idle resources will affect resource takeback!')
      this.#say('CRITICAL: Non-idle resources may affect data integrity!')
    }
    return active
  }
}

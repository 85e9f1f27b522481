/** The actions of `ldirectord` that ask or tell a running daemon: drain, undrain, drained and status --watch. */
import { userInfo } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Status } from '../../ldirectord/core/status.js'
import {
  type DrainedServer,
  drainedServers,
  drainedText,
  leftText,
  statusText,
} from '../../ldirectord/core/status-text.js'
import type { Drained, NamedServer } from '../../ldirectord/io/answers.js'
import { askControl } from '../../ldirectord/io/control-socket.js'
import { lookForStandby } from '../../ldirectord/io/duty.js'
import { type Instance, lookForDaemon, twinAdvice } from '../../ldirectord/io/instance.js'
import { ctime } from '../../log/formats.js'

const POLL_MS = 500
const WATCH_MS = 1_000
const WAIT_SECONDS = 3_600
const NOT_RUNNING = 3
const USAGE_STATUS = 255
const CLEAR_SCREEN = '\x1b[H\x1b[2J'

export interface AskCall {
  readonly action: 'drain' | 'undrain' | 'drained' | 'watch'
  readonly instance: Instance
  readonly json: boolean
  /** What stands behind the action. */
  readonly rest: readonly string[]
}

interface Options {
  server: string | null
  virtual: string | null
  reason: string
  untilMs: number | null
  /** 0: taken out. */
  weight: number
  waitSeconds: number | null
}

const say = (text: string): void => void process.stdout.write(text)
const complain = (text: string): void => void process.stderr.write(`ldirectord: ${text}\n`)

/** Resolves with the exit status: 0 done, 1 not, 3 no daemon runs, 255 not understood. */
export async function ask(call: AskCall): Promise<number> {
  const options = parse(call.rest, Date.now())
  if (typeof options === 'string') return refuse(options, USAGE_STATUS)
  const wantsServer = call.action === 'drain' || call.action === 'undrain'
  if (wantsServer && options.server === null)
    return refuse(`${call.action} wants a real server`, USAGE_STATUS)
  const { pidFile } = call.instance
  const answers = lookForDaemon(pidFile).state === 'running' || lookForStandby(call.instance) !== null
  if (!answers) return refuse(whyStopped(call), NOT_RUNNING)
  switch (call.action) {
    case 'watch':
      return watch(call)
    case 'drained':
      return drained(call, options.server)
    case 'drain':
    case 'undrain':
      return change(call, options, options.server!)
  }
}

function whyStopped({ instance, action }: AskCall): string {
  const isStopped = `it is stopped for ${instance.file ?? instance.given}`
  const advice = twinAdvice(instance, process.env, action === 'watch' ? 'status --watch' : action)
  return advice === null ? isStopped : `${isStopped}; ${advice}`
}

function refuse(sentence: string, status: number): number {
  complain(sentence)
  return status
}

async function statusOf(instance: Instance): Promise<Status | null> {
  const answer = await askControl(instance.socket, 'status')
  return answer === null || answer === '' ? null : (JSON.parse(answer) as Status)
}

async function change(call: AskCall, options: Options, server: string): Promise<number> {
  const { action, instance } = call
  const { virtual, reason, untilMs, weight } = options
  const request =
    action === 'drain'
      ? { kind: action, server, virtual, who: whoAsks(), reason, untilMs, weight }
      : { kind: action, server, virtual }
  const answer = await askControl(instance.socket, JSON.stringify(request))
  if (!answer) return refuse(`does not answer on ${instance.socket}`, 1)
  const result = JSON.parse(answer) as { error: string } | Drained
  if ('error' in result) return refuse(result.error, 1)
  tellMirror(result)
  if (action === 'undrain' || options.waitSeconds === null) return 0
  return waitUntilDrained(call.instance, result.servers, options.waitSeconds)
}

/** What becomes of it at a takeover: whoever drains a server relies on it. */
function tellMirror({ mirror }: Drained): void {
  for (const node of mirror.mirroredTo) say(`mirrored to ${node}\n`)
  if (mirror.because !== null) complain(`not mirrored to the other director: ${mirror.because}`)
}

/** The drain stays whether or not its end was seen in time. */
async function waitUntilDrained(
  instance: Instance,
  servers: readonly NamedServer[],
  waitSeconds: number,
): Promise<number> {
  const lateMs = Date.now() + waitSeconds * 1000
  const names = new Set(servers.map(({ virtual, server }) => `${virtual} ${server}`))
  let told = ''
  for (;;) {
    const status = await statusOf(instance)
    if (status === null) return refuse(`does not answer on ${instance.socket}`, 1)
    const meant = drainedServers(status).filter(entry => names.has(`${entry.virtual} ${entry.server}`))
    const left = meant.filter(({ drain }) => !drain.isDrained)
    const text = left.map(entry => `${entry.server} in ${entry.virtual}: ${leftText(entry.drain)}\n`).join('')
    if (text !== told) say(text)
    told = text
    if (left.length === 0) return 0
    if (Date.now() > lateMs) return refuse(`not drained after ${waitSeconds} s; the drain stays`, 1)
    await wait(POLL_MS)
  }
}

function isNamed({ server }: DrainedServer, name: string): boolean {
  return server === name || server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') === name
}

async function drained({ instance, json }: AskCall, server: string | null): Promise<number> {
  const status = await statusOf(instance)
  if (status === null) return refuse(`does not answer on ${instance.socket}`, 1)
  const servers = drainedServers(status).filter(entry => server === null || isNamed(entry, server))
  if (json) say(`${JSON.stringify(servers)}\n`)
  else if (servers.length === 0) say('no real server is drained\n')
  else say(drainedText(servers, ctime))
  return 0
}

async function watch({ instance, json }: AskCall): Promise<number> {
  for (;;) {
    const status = await statusOf(instance)
    if (status === null) return refuse(`does not answer on ${instance.socket}`, 1)
    const text = json ? `${JSON.stringify(status)}\n` : statusText(status)
    say(process.stdout.isTTY && !json ? `${CLEAR_SCREEN}${text}` : text)
    if (!process.stdout.isTTY && !json) say('\n')
    await wait(WATCH_MS)
  }
}

/** Who is behind sudo, else the user of this process. */
function whoAsks(): string {
  const { SUDO_USER, LOGNAME } = process.env
  if (SUDO_USER) return SUDO_USER
  try {
    return userInfo().username
  } catch {
    return LOGNAME ?? `uid ${process.getuid?.()}`
  }
}

/** The options of all these actions; a sentence when they make no sense. */
function parse(words: readonly string[], nowMs: number): Options | string {
  const options: Options = {
    server: null,
    virtual: null,
    reason: '',
    untilMs: null,
    weight: 0,
    waitSeconds: null,
  }
  for (let n = 0; n < words.length; n++) {
    const [, name, inline] = /^(--[a-z]+)(?:=(.*))?$/s.exec(words[n]!) ?? []
    if (name === undefined) {
      if (options.server !== null) return `one real server at a time, not ${options.server} and ${words[n]}`
      options.server = words[n]!
      continue
    }
    if (name === '--wait') {
      const seconds = inline === undefined ? WAIT_SECONDS : Number(inline)
      if (!(seconds >= 0)) return `--wait wants a number of seconds; found "${inline}"`
      options.waitSeconds = seconds
      continue
    }
    if (!['--virtual', '--reason', '--weight', '--until', '--for'].includes(name))
      return `unknown option ${name}`
    const value = inline ?? words[++n]
    if (value === undefined) return `${name} wants a value`
    if (name === '--virtual') options.virtual = value
    else if (name === '--reason') options.reason = value
    else if (name === '--weight') {
      if (!/^\d{1,5}$/.test(value)) return `--weight wants a number; found "${value}"`
      options.weight = Number(value)
    } else {
      if (options.untilMs !== null) return 'one of --for and --until, once'
      options.untilMs = name === '--for' && !SPAN.test(value) ? null : momentOf(value, nowMs)
      if (options.untilMs === null)
        return name === '--for'
          ? `--for wants a time such as 90, 30m, 2h or 1d; found "${value}"`
          : `--until wants a time to come, such as 30m, 2h, 1d or 2026-12-31T18:00; found "${value}"`
    }
  }
  if (options.weight > 0 && options.waitSeconds !== null) return '--wait and --weight do not go together'
  return options
}

const SPAN = /^(\d+)([smhd]?)$/
const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 }

/** Unix time; null: no time, or one that has passed. */
function momentOf(text: string, nowMs: number): number | null {
  const [, number, unit] = SPAN.exec(text) ?? []
  const moment = number === undefined ? Date.parse(text) : nowMs + Number(number) * UNITS[unit!]! * 1000
  return Number.isFinite(moment) && moment > nowMs && moment < 8.64e15 ? moment : null
}

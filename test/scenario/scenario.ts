/**
 * Scenario files: commands, `----`, then the full trace of what the cores decided and the machines did, reviewed as a
 * diff. Header lines tie a file to a recording of heartbeat 3.0.6:
 *   # capture NAME                     the recorded situation
 *   # original NODE: dead X, start Y   what the original decided there, in order
 *   # better: TEXT                     why ours differs; docs/compatibility.md holds the same TEXT
 *   # instead NODE: ...                what ours decides where it differs
 */
import { readFileSync } from 'node:fs'
import type { AutoFailback, Effect } from '../../src/heartbeat/core/cluster.js'
import { type SimNode, World, type WorldOptions } from '../sim/world.js'

export interface Scenario {
  readonly text: string
  readonly head: string
  readonly expected: string
  readonly capture: string | undefined
  readonly original: ReadonlyMap<string, string>
  readonly instead: ReadonlyMap<string, string>
  readonly better: readonly string[]
}

export interface Outcome {
  readonly trace: string
  /** Per node: verdicts, starts and stops, in order. */
  readonly decisions: ReadonlyMap<string, string>
}

export function readScenario(path: string): Scenario {
  const text = readFileSync(path, 'utf8')
  const [head = '', expected = ''] = text.split(/^----\n/m)
  const named = (word: string): Map<string, string> =>
    new Map(
      [...head.matchAll(new RegExp(`^# ${word} (\\w+): (.*)$`, 'gm'))].map(([, node, what]) => [
        node!,
        what!,
      ]),
    )
  return {
    text,
    head,
    expected,
    capture: /^# capture (\S+)$/m.exec(head)?.[1],
    original: named('original'),
    instead: named('instead'),
    better: [...head.matchAll(/^# better: (.*)$/gm)].map(([, reason]) => reason!),
  }
}

export function runScenario(scenario: Scenario): Outcome {
  const stage = new Stage()
  for (const line of scenario.head.split('\n')) if (line !== '' && !line.startsWith('#')) stage.command(line)
  return { trace: stage.trace.join(''), decisions: stage.decisions() }
}

/** The decisions of the original, from the lines of a recording's timeline. */
export function decisionsOfTimeline(timeline: string): Map<string, string> {
  const decisions = new Map<string, string[]>([
    ['alpha', []],
    ['beta', []],
  ])
  for (const line of timeline.split('\n')) {
    const [, node, rest] = /^\s*\+[\d.]+ (alpha|beta) (.*)$/.exec(line) ?? []
    if (node === undefined || rest === undefined) continue
    const dead = /^ha-log .*node (\w+): is dead/.exec(rest)?.[1]
    const action = /^RESOURCE (\w+) (start|stop)$/.exec(rest)
    if (dead !== undefined) decisions.get(node)!.push(`dead ${dead}`)
    if (action !== null) decisions.get(node)!.push(`${action[2]} ${action[1]}`)
  }
  return new Map([...decisions].map(([node, list]) => [node, list.join(', ') || '-']))
}

class Stage {
  trace: string[] = []
  #world: World | undefined
  #logsInfo = false
  #markMs = 0
  #decided = new Map<string, string[]>()

  command(line: string): void {
    const [word = '', ...args] = line.split(/\s+/)
    if (word === 'cluster') this.#cluster(args)
    else this.#act(this.#world!, word, args)
  }

  decisions(): Map<string, string> {
    return new Map(['alpha', 'beta'].map(node => [node, (this.#decided.get(node) ?? []).join(', ') || '-']))
  }

  #act(world: World, word: string, args: readonly string[]): void {
    const [node = '', value = ''] = args
    switch (word) {
      case 'run':
        world.timeline.run(world.timeline.nowMs + milliseconds(node))
        break
      case 'mark':
        this.#mark(world)
        break
      case 'start':
        for (const name of args) world.start(name)
        break
      case 'generation':
        world.node(node).generation = Number(value)
        break
      case 'stop':
        world.step(node, { kind: 'stop' })
        break
      case 'crash':
        world.crash(node)
        break
      case 'kill':
        world.kill(node)
        break
      case 'restart':
        world.step(node, { kind: 'restart' })
        break
      case 'pause':
        world.pause(node)
        break
      case 'resume':
        world.resume(node)
        break
      case 'partition':
        world.network.cut('alpha', 'beta')
        world.network.cut('beta', 'alpha')
        break
      case 'isolate':
        world.network.cut('alpha', 'beta')
        world.network.cut('beta', 'alpha')
        world.ping.cut(node)
        break
      case 'heal':
        world.network.heal()
        world.ping.heal()
        break
      case 'loss':
        world.network.weather = { ...world.network.weather, loss: Number(node) / 100 }
        break
      case 'noise':
        for (let at = 0; at < Number(value); at++)
          world.timeline.in(at * 200, () => world.submit(node, ['t', 'noise'], ['n', String(at)]))
        break
      case 'standby':
        world.standby(node, value)
        break
      case 'takeover':
        world.takeover(node, value)
        break
      case 'failstart':
        world.node(node).startFailures = Number(value)
        break
      case 'failstop':
        world.node(node).stopFailures = Number(value)
        break
      default:
        throw new Error(`unknown command ${word}`)
    }
  }

  /** The trace and the decisions that count begin here. */
  #mark(world: World): void {
    this.trace = []
    this.#decided = new Map()
    this.#markMs = world.timeline.nowMs
  }

  #cluster(args: readonly string[]): void {
    const given = new Map(args.map(arg => arg.split('=') as [string, string]))
    this.#logsInfo = given.get('logs') === 'info'
    const deadtimeMs = milliseconds(given.get('deadtime') ?? '3s')
    const options: WorldOptions = {
      seed: 1,
      nodes: ['alpha', 'beta'],
      groups: [
        { node: 'alpha', key: 'web' },
        { node: 'beta', key: 'db' },
      ],
      autoFailback: (given.get('auto_failback') ?? 'on') as AutoFailback,
      keepaliveMs: milliseconds(given.get('keepalive') ?? '1s'),
      deadtimeMs,
      warntimeMs: milliseconds(given.get('warntime') ?? '2s'),
      initdeadMs: milliseconds(given.get('initdead') ?? '10s'),
      links: ['eth1'],
      weather: { loss: 0, duplication: 0, delayMinMs: 0.5, delayMaxMs: 0.5 },
      actionMs: () => 20,
      hasPing: given.get('ping') === 'router',
      takeoverNeedsPing: given.get('takeover_needs_ping') === 'on',
      hasStonith: given.get('stonith') === 'on',
    }
    this.#world = new World(options, (node, effect) => this.#observe(node, effect))
  }

  #observe(node: SimNode, effect: Effect | { kind: 'action'; what: string; key: string }): void {
    if (effect.kind === 'action') {
      this.#say(node.name, `${effect.what} ${effect.key}`)
      // A try is a decision, whether it succeeds or not.
      this.#decide(node.name, `${effect.what.replace(' fails', '')} ${effect.key}`)
    } else if (effect.kind === 'decided') {
      const { decision } = effect
      const subject = decision.node === node.name ? '' : `${decision.node} `
      this.#say(node.name, `${subject}${decision.what} (${decision.because})`)
      if (decision.what.endsWith('-> dead')) this.#decide(node.name, `dead ${decision.node}`)
    } else if (effect.kind === 'log' && (this.#logsInfo || effect.level !== 'info'))
      this.#say(node.name, `${effect.level}: ${effect.text}`)
    else if (effect.kind === 'stopped') this.#say(node.name, 'stopped')
  }

  #decide(node: string, what: string): void {
    this.#decided.set(node, [...(this.#decided.get(node) ?? []), what])
  }

  #say(node: string, text: string): void {
    const seconds = (this.#world!.timeline.nowMs - this.#markMs) / 1000
    this.trace.push(`+${seconds.toFixed(3)} ${node}: ${text}\n`)
  }
}

/** `10s`, `2.4s`, `500ms`. */
function milliseconds(text: string): number {
  return text.endsWith('ms') ? Number(text.slice(0, -2)) : Number(text.replace(/s$/, '')) * 1000
}

/**
 * The file OnlyForTesting: losses that a test wants, as TestHeartbeatComm writes them. Read at each SIGHUP; while it is
 * there, packets are thrown away with these probabilities. One `name=word` a line; lines are the original's.
 *
 *     xmitloss    of what we send, unless allownodes names somebody
 *     rcvloss     of what we hear from others, ping nodes too, that allownodes does not name
 */
import type { Level } from '../../log/record.js'

export interface TestLosses {
  /** Probabilities, 0 to 1. */
  readonly xmit: number
  readonly receive: number
  readonly allowNodes: ReadonlySet<string>
}

export interface TestLossesReading {
  readonly losses: TestLosses
  readonly lines: readonly { readonly level: Level; readonly text: string }[]
}

export const TEST_CODE_DISABLED = 'Test Code Now disabled.'

export function parseOnlyForTesting(text: string, file: string): TestLossesReading {
  const losses = { xmit: 0, receive: 0, allowNodes: new Set<string>() }
  const lines: { level: Level; text: string }[] = []
  const say = (line: string, level: Level = 'info'): void => void lines.push({ level, text: line })
  say('WARNING: Enabling Test Code')
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^\s*([^=#\s]+)=\s*(\S*)/.exec(line) ?? []
    if (name === undefined) continue
    switch (name) {
      case 'xmitloss':
        losses.xmit = probability(value)
        say(`Xmit loss probability = ${losses.xmit.toFixed(3)}`)
        break
      case 'rcvloss':
        losses.receive = probability(value)
        say(`Receive loss probability = ${losses.receive.toFixed(3)}`)
        break
      case 'allownodes':
        losses.allowNodes = new Set(
          value
            .toLowerCase()
            .split(';')
            .filter(node => node !== ''),
        )
        say(`Allow nodes = ${value}`)
        break
      default:
        say(`Cannot recognize test param [${name}] in [${file}]`, 'ERROR')
    }
  }
  say('WARNING: Above Options Now Enabled.')
  return { losses, lines }
}

/** As C's atof reads it: 0 where there is no number. */
function probability(value: string): number {
  const number = Number.parseFloat(value)
  return Number.isNaN(number) ? 0 : Math.min(Math.max(number, 0), 1)
}

/** True with the given probability. */
type Chance = (probability: number) => boolean

/** Asked for each packet and link. */
export function losesSent(losses: TestLosses | null, chance: Chance): boolean {
  return losses !== null && losses.allowNodes.size === 0 && chance(losses.xmit)
}

/** Our own packets, which some media bring back, are always heard. */
export function losesReceived(losses: TestLosses | null, from: string, us: string, chance: Chance): boolean {
  if (losses === null || from === us || losses.allowNodes.has(from)) return false
  return chance(losses.receive)
}

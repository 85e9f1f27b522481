/**
 * What the cluster does, as one line for each change: from the nodes' logs (what they say), from the process list (who
 * is alive, who owns the service) and from asking the service (who answers, how long nobody did).
 */
import { nowMs } from '../base/io/real-clock.js'
import { follow } from './follow.js'
import { type Layout, urlOf } from './layout.js'
import { type Member, membersOf, ownerOf } from './members.js'
import { probe } from './probe.js'
import { translateHaLog, translateLdirectordLog } from './translate.js'

const LOOK_PERIOD_MS = 250

export interface Watch {
  /** Resolves at the first answer of the service address; at most once. */
  readonly answered: Promise<void>
  stop(): void
}

function logsOf(layout: Layout): readonly { node: string; look: () => (string | null)[] }[] {
  return layout.nodes.flatMap(({ name, varLog }) => {
    const haLog = follow(`${varLog}/ha-log`)
    const ldirectordLog = follow(`${varLog}/ldirectord.log`)
    return [
      { node: name, look: () => haLog.look().map(translateHaLog) },
      { node: name, look: () => ldirectordLog.look().map(translateLdirectordLog) },
    ]
  })
}

/** `kill -9 101 102`: the processes of a node, and what they are. */
export function killLine(members: readonly Member[], node: string): string {
  const own = members.filter(member => member.node === node && member.role !== 'script')
  return `kill -9 ${own.map(({ pid }) => pid).join(' ')}   # ${own.map(({ role }) => role).join(', ')} of ${node}`
}

export function watch(layout: Layout, say: (text: string) => void): Watch {
  const logs = logsOf(layout)
  let members: readonly Member[] = membersOf(layout)
  let owner: string | null = null
  let hinted: string | null = null
  let ownerSinceMs = 0
  let lastAnswerMs = 0
  let isReady = false
  let settle: () => void = () => {}
  const answered = new Promise<void>(resolve => {
    settle = resolve
  })

  const lookAtLogs = (): void => {
    for (const { node, look } of logs) {
      for (const text of look()) if (text !== null) say(`${node}: ${text}`)
    }
  }
  const isGone = (node: string | null, now: readonly Member[]): boolean =>
    !now.some(member => member.node === node)
  const lookAtProcesses = (): void => {
    const now = membersOf(layout)
    for (const node of layout.nodes) {
      const had = members.filter(member => member.node === node.name)
      if (had.length > 0 && isGone(node.name, now)) {
        say(
          `${node.name}: no process of this node is left; start it again with ${layout.state}/bin/start ${node.name}`,
        )
      }
    }
    for (const server of members.filter(({ role }) => role === 'web server')) {
      if (!now.some(({ pid }) => pid === server.pid)) {
        say(
          `web server ${server.name} (pid ${server.pid}) has ended; ${layout.state}/bin/web ${server.name} starts it again`,
        )
      }
    }
    members = now
    const nowOwner = ownerOf(layout)
    if (nowOwner !== owner && nowOwner !== null) say(`${nowOwner} owns the service ${urlOf(layout.service)}`)
    if (nowOwner !== owner && nowOwner === null && isReady) say(`nobody owns the service (it was ${owner})`)
    if (nowOwner !== owner) {
      ownerSinceMs = nowMs()
      hinted = null
    }
    owner = nowOwner
  }
  /** Once the new owner has been answering for a moment, so that all its processes are there: how it can be killed. */
  const hint = (): void => {
    if (owner === null || owner === hinted || lastAnswerMs < ownerSinceMs + LOOK_PERIOD_MS) return
    hinted = owner
    say(`to kill the owner: ${killLine(members, owner)}`)
  }

  const stopProbe = probe(urlOf(layout.service), {
    onSilence: why => {
      if (isReady) say(`the service does not answer (${why})`)
    },
    onAnswer: ({ atMs, awayMs, server }) => {
      lastAnswerMs = atMs
      if (isReady && awayMs > 0) {
        lookAtProcesses()
        say(
          `the service answers again: ${server}, from ${owner ?? 'nobody'}; it was away for ${Math.round(awayMs)} ms`,
        )
      }
      if (isReady) return
      lookAtLogs()
      lookAtProcesses()
      isReady = true
      settle()
    },
  })
  const timer = setInterval(() => {
    lookAtLogs()
    lookAtProcesses()
    if (isReady) hint()
  }, LOOK_PERIOD_MS)
  return {
    answered,
    stop: () => {
      clearInterval(timer)
      stopProbe()
      lookAtLogs()
    },
  }
}

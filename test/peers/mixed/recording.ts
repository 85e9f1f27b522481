/**
 * What two nodes of heartbeat 3.0.6 said, step by step of a life, as a text file:
 *
 *     == 3 graceful stop of alpha
 *     beta heartbeat info: Received shutdown notice from 'alpha'.
 */
import { readFileSync } from 'node:fs'
import { NODES, type NodeName } from './cluster.js'

export type Said = Readonly<Record<NodeName, readonly string[]>>
export type Recording = ReadonlyMap<string, Said>

export const recordingPath = (life: string): string => `test/peers/mixed/recorded/${life}.txt`

export function printRecording(recording: Recording): string {
  return [...recording]
    .map(([step, said]) => {
      const lines = NODES.flatMap(node => said[node].map(line => `${node} ${line}\n`))
      return `== ${step}\n${lines.join('')}`
    })
    .join('')
}

export function readRecording(life: string): Recording {
  const recording = new Map<string, Record<NodeName, string[]>>()
  let current: Record<NodeName, string[]> | undefined
  for (const line of readFileSync(recordingPath(life), 'utf8').split('\n')) {
    const [, node, text] = /^(alpha|beta) (.*)$/.exec(line) ?? []
    if (line.startsWith('== ')) {
      current = { alpha: [], beta: [] }
      recording.set(line.slice(3), current)
    } else if (node !== undefined) current?.[node as NodeName].push(text!)
  }
  return recording
}

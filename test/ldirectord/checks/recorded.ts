/** What ldirectord 4.12 sent to scripted servers, and its verdict (recorded by record/record.py). */
import { readFileSync } from 'node:fs'

export interface Recorded {
  readonly name: string
  readonly service: string
  readonly protocol: 'tcp' | 'udp'
  readonly settings: Readonly<Record<string, string>>
  readonly request: string | null
  readonly receive: string | null
  readonly port: number
  readonly result: 'up' | 'down'
  /** Bytes as latin1; null: it never connected. */
  readonly sent: string | null
}

export const recorded: readonly Recorded[] = JSON.parse(
  readFileSync('test/ldirectord/checks/recorded.json', 'utf8'),
)

export function recording(name: string): Recorded {
  const found = recorded.find(row => row.name === name)
  if (!found) throw new Error(`recorded.json has no case ${name}`)
  return found
}

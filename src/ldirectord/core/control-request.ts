/** What the control socket can be asked: one word, or one object of JSON, on one line. */
import { WEIGHT_MAX } from './drain.js'

export type ControlRequest =
  | { readonly kind: 'status' }
  /** What a reload would change. */
  | { readonly kind: 'plan' }
  /** A warm standby becomes the director of the table, and steps back again. */
  | { readonly kind: 'takeover' }
  | { readonly kind: 'release' }
  | {
      readonly kind: 'drain'
      readonly server: string
      readonly virtual: string | null
      readonly who: string
      readonly reason: string
      /** Unix time. */
      readonly untilMs: number | null
      /** 0: it is taken out. */
      readonly weight: number
    }
  | { readonly kind: 'undrain'; readonly server: string; readonly virtual: string | null }

const isWeight = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= WEIGHT_MAX

export const REQUEST_BYTES_MAX = 4_096

/** null: nothing that can be asked. */
export function parseRequest(line: string): ControlRequest | null {
  const word = line.trim()
  const plain = (['status', 'plan', 'takeover', 'release'] as const).find(kind => kind === word)
  if (plain !== undefined) return { kind: plain }
  let value: unknown
  try {
    value = JSON.parse(word)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { kind, server, virtual, who, reason, untilMs, weight = 0 } = value as Record<string, unknown>
  const isText = (text: unknown): text is string => typeof text === 'string'
  if (!isText(server) || !(virtual === null || isText(virtual))) return null
  if (kind === 'undrain') return { kind, server, virtual }
  const isTime = untilMs === null || (typeof untilMs === 'number' && Number.isFinite(untilMs))
  if (kind !== 'drain' || !isText(who) || !isText(reason) || !isTime || !isWeight(weight)) return null
  return { kind, server, virtual, who, reason, untilMs, weight }
}

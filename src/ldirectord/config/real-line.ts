/**
 * The value of `real=` and `real6=`. The original finds each piece by searching what the piece before it left over, so
 * `x 5` behind the method is weight 5, and a piece that stands in the wrong order swallows those before it. Pieces:
 * HOST[->HOST2][:PORT], METHOD, WEIGHT, "REQUEST","RECEIVE", l:N, u:N.
 */
import type { ForwardMethod } from '../core/table.js'
import { METHODS } from './fallback-line.js'

export interface RealText {
  readonly host: string
  readonly endHost: string | null
  /** null: none written. */
  readonly port: string | null
  /** Text in front of the host that the search skipped. */
  readonly skipped: string
  /** The options, or why they are refused, which the original finds out only after the names are resolved. */
  readonly options: RealOptions | { readonly refused: string; readonly at: string }
}

export interface RealOptions {
  readonly method: ForwardMethod
  readonly weight: number
  readonly pair: { readonly request: string; readonly receive: string } | null
  readonly lower: number
  readonly upper: number
  /** Text between the pieces that the search skipped. */
  readonly swallowed: readonly string[]
}

const BLANK = '[ \\t\\r\\f\\v]'
const NAME = '[0-9A-Za-z.-]+'
const BRACKETED = '\\[[0-9A-Fa-f:]+\\]'
// A search that fails at the start of a run of letters or blanks fails within it too; the look-behinds say so, which
// keeps the time linear in the length of the line.
const SERVER = new RegExp(
  `(${BRACKETED}|(?<![0-9A-Za-z.-])${NAME})(?:->(${BRACKETED}|${NAME}))?(?::([\\w-]+))?${BLANK}+(.*)$`,
  's',
)
const WEIGHT = new RegExp(`(?<!${BLANK})${BLANK}+(\\d+)`)
const LOWER = new RegExp(`(?<!${BLANK})${BLANK}+l:(\\d+)`)
const UPPER = new RegExp(`(?<!${BLANK})${BLANK}+u:(\\d+)`)
const PAIR_START = new RegExp(`(?<!${BLANK})${BLANK}+"`)
const PAIR = new RegExp(`^${BLANK}+"(.*)"[, \\t\\r\\f\\v]${BLANK}*"(.*)"`, 's')

/** null: no host, or nothing behind it. */
export function readReal(value: string): RealText | null {
  const match = SERVER.exec(value)
  if (match === null) return null
  const [, host = '', endHost = null, port = null, rest = ''] = match
  return { host, endHost, port, skipped: value.slice(0, match.index), options: readOptions(rest) }
}

function readOptions(text: string): RealText['options'] {
  const swallowed: string[] = []
  let rest = text
  const drop = (length: number): void => {
    const piece = rest.slice(0, length).trim()
    if (piece !== '') swallowed.push(piece)
    rest = rest.slice(length)
  }
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest)
    if (match === null) return null
    drop(match.index)
    rest = rest.slice(match[0].length)
    return match
  }
  const word = take(/\w+/)?.[0]
  const method = METHODS.find(known => known === word)
  if (method === undefined) return { refused: 'forward method must be gate, masq or ipip', at: word ?? text }
  const weight = take(WEIGHT)?.[1]
  // Where the pair fits at all it fits from its first quote on.
  const start = PAIR_START.exec(rest)?.index ?? -1
  const pair = start < 0 ? null : PAIR.exec(rest.slice(start))
  if (pair !== null) {
    drop(start)
    rest = rest.slice(pair[0].length)
  }
  const lower = take(LOWER)?.[1]
  const upper = take(UPPER)?.[1]
  if (/[^ \t\r\f\v]/.test(rest)) {
    // After a request that begins with a slash the original loses its place and looks no further.
    if (!pair?.[1]?.startsWith('/'))
      return { refused: `Invalid real server line, around "${rest}"`, at: rest.trim() }
    swallowed.push(rest.trim())
  }
  return {
    method,
    weight: Number(weight ?? 1),
    pair: pair === null ? null : { request: withSlash(pair[1]!), receive: pair[2]! },
    lower: Number(lower ?? 0),
    upper: Number(upper ?? 0),
    swallowed,
  }
}

/** A request gets the leading slash that it lacks. */
export function withSlash(request: string): string {
  return request.startsWith('/') ? request : `/${request}`
}

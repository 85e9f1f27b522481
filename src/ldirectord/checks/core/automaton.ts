/**
 * Matches a regular program in time linear in the text: all ways through the pattern are walked at once, and each
 * set of ways, once met, is remembered as a state of a deterministic automaton (Thompson 1968; Cox, "Regular
 * Expression Matching Can Be Simple And Fast"). No pattern of an administrator can hold up the other checks.
 */
import { isWordByte } from './byte-set.js'
import type { Assertion } from './perl-tree.js'
import type { Program } from './program.js'

/** Symbols beyond the bytes: the end of the text, and a newline that is its last byte (for `$`). */
const END = 256
const LAST_NEWLINE = 257
const SYMBOLS = 258
const UNKNOWN = 0
const MATCHED = 1
/** Remembered states and ways in them; when there are more, all are forgotten and the walk goes on (below 1 MiB). */
const STATES_MAX = 400
const REMEMBERED_WAYS_MAX = 50_000

/** What stands before the current position, as far as assertions ask. */
type Before = 'start' | 'newline' | 'word' | 'other'

interface State {
  readonly threads: readonly number[]
  readonly before: Before
  /** State numbers + 2 by symbol; 0 unknown, 1 matched. */
  readonly next: Uint16Array
}

export class Automaton {
  readonly #program: Program
  #states: State[] = []
  #numbers = new Map<string, number>()
  #remembered = 0
  #stepsLeft = 0

  constructor(program: Program) {
    this.#program = program
  }

  /** 'undecided' when `steps` thread moves were not enough (only a huge pattern on a long text can need more). */
  search(text: Uint8Array, steps: number): 'match' | 'none' | 'undecided' {
    this.#stepsLeft = steps
    let state = this.#enter([0], 'start')
    for (let at = 0; at <= text.length; at++) {
      const byte = text[at]
      const symbol = byte === undefined ? END : byte === 10 && at === text.length - 1 ? LAST_NEWLINE : byte
      let next = this.#states[state]!.next[symbol]!
      if (next === UNKNOWN) {
        next = this.#advance(this.#states[state]!, symbol)
        if (this.#stepsLeft < 0) return 'undecided'
      }
      if (next === MATCHED) return 'match'
      state = next - 2
    }
    return 'none'
  }

  #enter(threads: readonly number[], before: Before): number {
    const key = `${before} ${threads.join(',')}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    if (this.#states.length >= STATES_MAX || this.#remembered > REMEMBERED_WAYS_MAX) {
      this.#states = []
      this.#numbers = new Map()
      this.#remembered = 0
    }
    this.#remembered += threads.length
    this.#states.push({ threads, before, next: new Uint16Array(SYMBOLS) })
    this.#numbers.set(key, this.#states.length - 1)
    return this.#states.length - 1
  }

  /** Computes and remembers where `symbol` leads from a state. */
  #advance(state: State, symbol: number): number {
    const { code } = this.#program
    const byte = symbol === LAST_NEWLINE ? 10 : symbol
    const seen = new Uint8Array(code.length)
    const reached: number[] = []
    const stack = [...state.threads]
    let matched = false
    while (stack.length > 0) {
      const pc = stack.pop()!
      this.#stepsLeft--
      if (seen[pc]) continue
      seen[pc] = 1
      const instruction = code[pc]!
      switch (instruction.op) {
        case 'set':
          if (symbol !== END && instruction.set[byte]) reached.push(pc + 1)
          break
        case 'assert':
          if (holds(instruction.what, state.before, symbol)) stack.push(pc + 1)
          break
        case 'split':
          stack.push(instruction.first, instruction.second)
          break
        case 'jump':
          stack.push(instruction.to)
          break
        case 'accept':
          matched = true
          break
        default:
          // Positions do not matter to a walk that has no memory; a loop turn that moved nothing is `seen`.
          stack.push(pc + 1)
          if (instruction.op === 'moved') stack.push(instruction.otherwise)
      }
    }
    if (matched) {
      state.next[symbol] = MATCHED
      return MATCHED
    }
    const before: Before = byte === 10 ? 'newline' : byte < END && isWordByte(byte) ? 'word' : 'other'
    reached.push(0) // a match may begin at any position
    const number =
      this.#enter(
        [...new Set(reached)].sort((a, b) => a - b),
        before,
      ) + 2
    state.next[symbol] = number
    return number
  }
}

/** Whether an assertion holds between what was before and the symbol that follows. */
function holds(what: Assertion, before: Before, symbol: number): boolean {
  const wordAfter = symbol < END && isWordByte(symbol)
  switch (what) {
    case 'textStart':
      return before === 'start'
    case 'lineStart':
      // Perl: not after a newline that ends the text.
      return before === 'start' || (before === 'newline' && symbol !== END)
    case 'textEnd':
      return symbol === END
    case 'lastLineEnd':
      return symbol === END || symbol === LAST_NEWLINE
    case 'lineEnd':
      return symbol === END || symbol === LAST_NEWLINE || symbol === 10
    case 'wordBoundary':
      return (before === 'word') !== wordAfter
    case 'noWordBoundary':
      return (before === 'word') === wordAfter
  }
}

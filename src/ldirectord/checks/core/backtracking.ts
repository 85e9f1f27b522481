/**
 * Matches patterns that need memory (backreferences, lookaround, atomic groups) by trying one way after another, as
 * Perl does. That can take exponential time, so the steps are counted and the search gives up when they are spent.
 */
import { unreachable } from '../../../base/assert.js'
import { isWordByte } from './byte-set.js'
import type { Assertion } from './perl-tree.js'
import type { Program } from './program.js'

/** Longest text that a lookbehind looks back over; Perl allows 255 as well. */
const LOOKBEHIND_MAX = 255
const NESTED_MAX = 200

class OutOfSteps extends Error {}

type Way = readonly [pc: number, at: number, slots: readonly number[]]
interface End {
  readonly at: number
  readonly slots: readonly number[]
}

export function searchBacktracking(
  program: Program,
  text: Uint8Array,
  steps: number,
): 'match' | 'none' | 'undecided' {
  const search = new Search(program, text, steps)
  const unset = new Array<number>(program.slots).fill(-1)
  try {
    for (let at = 0; at <= text.length; at++) if (search.run(0, at, unset, null, 0)) return 'match'
    return 'none'
  } catch (error) {
    if (error instanceof OutOfSteps) return 'undecided'
    throw error
  }
}

class Search {
  readonly #program: Program
  readonly #text: Uint8Array
  #stepsLeft: number

  constructor(program: Program, text: Uint8Array, steps: number) {
    this.#program = program
    this.#text = text
    this.#stepsLeft = steps
  }

  /** The first way from pc to an `accept`; with `mustEnd`, to one at exactly that position. */
  run(
    startPc: number,
    startAt: number,
    slots: readonly number[],
    mustEnd: number | null,
    depth: number,
  ): End | null {
    if (depth > NESTED_MAX) throw new OutOfSteps()
    const ways: Way[] = [[startPc, startAt, slots]]
    for (;;) {
      const way = ways.pop()
      if (!way) return null
      const end = this.#follow(way, ways, mustEnd, depth)
      if (end) return end
    }
  }

  /** Follows one way until it fails (null) or accepts; other ways to try later are pushed. */
  #follow([pc, at, slots]: Way, ways: Way[], mustEnd: number | null, depth: number): End | null {
    const text = this.#text
    for (;;) {
      if (--this.#stepsLeft < 0) throw new OutOfSteps()
      const instruction = this.#program.code[pc]!
      switch (instruction.op) {
        case 'set':
          if (at >= text.length || !instruction.set[text[at]!]) return null
          at++
          pc++
          break
        case 'assert':
          if (!holdsAt(instruction.what, text, at)) return null
          pc++
          break
        case 'split':
          ways.push([instruction.second, at, slots])
          pc = instruction.first
          break
        case 'jump':
          pc = instruction.to
          break
        case 'save':
          slots = slots.with(instruction.slot, at)
          pc++
          break
        case 'moved':
          pc = slots[instruction.slot] === at ? instruction.otherwise : pc + 1
          break
        case 'backreference': {
          const length = this.#repeats(slots, instruction.index, instruction.ignoreCase, at)
          if (length < 0) return null
          at += length
          pc++
          break
        }
        case 'look': {
          const end = instruction.ahead
            ? this.run(pc + 1, at, slots, null, depth + 1)
            : this.#behind(pc + 1, at, slots, depth)
          if ((end === null) !== instruction.negative) return null
          if (end !== null) slots = end.slots
          pc = instruction.next
          break
        }
        case 'atomic': {
          const end = this.run(pc + 1, at, slots, null, depth + 1)
          if (end === null) return null
          at = end.at
          slots = end.slots
          pc = instruction.next
          break
        }
        case 'accept':
          return mustEnd === null || mustEnd === at ? { at, slots } : null
        default:
          return unreachable(instruction)
      }
    }
  }

  #behind(pc: number, at: number, slots: readonly number[], depth: number): End | null {
    for (let from = at; from >= Math.max(0, at - LOOKBEHIND_MAX); from--) {
      const end = this.run(pc, from, slots, at, depth + 1)
      if (end) return end
    }
    return null
  }

  /** Length of the repeated text, -1 when it is not repeated here (a group that took no part never is). */
  #repeats(slots: readonly number[], index: number, ignoreCase: boolean, at: number): number {
    const start = slots[2 * index]!
    const end = slots[2 * index + 1]!
    if (start < 0 || end < start || at + end - start > this.#text.length) return -1
    for (let offset = 0; offset < end - start; offset++) {
      const wanted = this.#text[start + offset]!
      const found = this.#text[at + offset]!
      this.#stepsLeft--
      if (wanted !== found && !(ignoreCase && lower(wanted) === lower(found))) return -1
    }
    return end - start
  }
}

const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte)

function holdsAt(what: Assertion, text: Uint8Array, at: number): boolean {
  const wordBefore = at > 0 && isWordByte(text[at - 1]!)
  const wordAfter = at < text.length && isWordByte(text[at]!)
  switch (what) {
    case 'textStart':
      return at === 0
    case 'lineStart':
      return at === 0 || (text[at - 1] === 10 && at < text.length)
    case 'textEnd':
      return at === text.length
    case 'lastLineEnd':
      return at === text.length || (at === text.length - 1 && text[at] === 10)
    case 'lineEnd':
      return at === text.length || text[at] === 10
    case 'wordBoundary':
      return wordBefore !== wordAfter
    case 'noWordBoundary':
      return wordBefore === wordAfter
  }
}

/**
 * A pattern as a list of instructions, made from its tree. Both matchers run this list: the automaton, which walks
 * all ways at once, and the backtracking one, which patterns with memory (\1, lookaround, atomic groups) need.
 */
import { unreachable } from '../../../base/assert.js'
import type { ByteSet } from './byte-set.js'
import type { Assertion, Node } from './perl-tree.js'

export type Instruction =
  | { readonly op: 'set'; readonly set: ByteSet }
  | { readonly op: 'assert'; readonly what: Assertion }
  /** Goes on at `first`; should that fail, at `second`. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  /** Remembers the position in a slot: 2n and 2n+1 are start and end of group n, later slots mark loops. */
  | { readonly op: 'save'; readonly slot: number }
  /** Ends a loop whose last turn consumed nothing. */
  | { readonly op: 'moved'; readonly slot: number; otherwise: number }
  | { readonly op: 'backreference'; readonly index: number; readonly ignoreCase: boolean }
  /** The sub-pattern follows and ends with `accept`; `next` is where it goes on. */
  | { readonly op: 'look'; readonly ahead: boolean; readonly negative: boolean; next: number }
  | { readonly op: 'atomic'; next: number }
  | { readonly op: 'accept' }

export interface Program {
  readonly code: readonly Instruction[]
  readonly slots: number
  /** Whether matching needs no memory, so that the automaton can run it in linear time. */
  readonly regular: boolean
}

/** Counted repetitions are written out; this bounds the result. */
export const INSTRUCTIONS_MAX = 20_000

/** null when the pattern, its counted repetitions written out, is too large. */
export function compileProgram(root: Node, captures: number): Program | null {
  const compiler = new Compiler(captures)
  if (!compiler.emit(root)) return null
  compiler.code.push({ op: 'accept' })
  return { code: compiler.code, slots: compiler.slots, regular: compiler.regular }
}

class Compiler {
  readonly code: Instruction[] = []
  regular = true
  slots: number

  constructor(captures: number) {
    this.slots = 2 * (captures + 1)
  }

  /** False when the limit is reached. */
  emit(node: Node): boolean {
    if (this.code.length > INSTRUCTIONS_MAX) return false
    switch (node.kind) {
      case 'set':
        this.code.push({ op: 'set', set: node.set })
        return true
      case 'assert':
        this.code.push({ op: 'assert', what: node.what })
        return true
      case 'sequence':
        return node.items.every(item => this.emit(item))
      case 'alternatives':
        return this.#alternatives(node.items)
      case 'repeat':
        return node.mode === 'possessive'
          ? this.#enclosed({ op: 'atomic', next: 0 }, { ...node, mode: 'greedy' })
          : this.#repeat(node)
      case 'capture': {
        this.code.push({ op: 'save', slot: 2 * node.index })
        const fits = this.emit(node.item)
        this.code.push({ op: 'save', slot: 2 * node.index + 1 })
        return fits
      }
      case 'backreference':
        this.regular = false
        this.code.push({ op: 'backreference', index: node.index, ignoreCase: node.ignoreCase })
        return true
      case 'look':
        return this.#enclosed({ op: 'look', ahead: node.ahead, negative: node.negative, next: 0 }, node.item)
      case 'atomic':
        return this.#enclosed({ op: 'atomic', next: 0 }, node.item)
      default:
        return unreachable(node)
    }
  }

  #enclosed(opening: Extract<Instruction, { op: 'look' | 'atomic' }>, item: Node): boolean {
    this.regular = false
    this.code.push(opening)
    const fits = this.emit(item)
    this.code.push({ op: 'accept' })
    opening.next = this.code.length
    return fits
  }

  #alternatives(items: readonly Node[]): boolean {
    const ends: { op: 'jump'; to: number }[] = []
    for (const [index, item] of items.entries()) {
      if (index === items.length - 1) {
        if (!this.emit(item)) return false
        break
      }
      const split = { op: 'split' as const, first: this.code.length + 1, second: 0 }
      this.code.push(split)
      if (!this.emit(item)) return false
      const end = { op: 'jump' as const, to: 0 }
      ends.push(end)
      this.code.push(end)
      split.second = this.code.length
    }
    for (const end of ends) end.to = this.code.length
    return true
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>): boolean {
    for (let turn = 0; turn < node.min; turn++) if (!this.emit(node.item)) return false
    if (node.max === Number.POSITIVE_INFINITY) return this.#loop(node)
    const exits: ReturnType<Compiler['choice']>[] = []
    for (let turn = node.min; turn < node.max; turn++) {
      exits.push(this.choice(node.mode === 'lazy'))
      if (!this.emit(node.item)) return false
    }
    for (const leave of exits) leave(this.code.length)
    return true
  }

  #loop(node: Extract<Node, { kind: 'repeat' }>): boolean {
    const top = this.code.length
    const leave = this.choice(node.mode === 'lazy')
    const slot = this.slots++
    this.code.push({ op: 'save', slot })
    if (!this.emit(node.item)) return false
    const moved = { op: 'moved' as const, slot, otherwise: 0 }
    this.code.push(moved, { op: 'jump', to: top })
    leave(this.code.length)
    moved.otherwise = this.code.length
    return true
  }

  /** A split between going on here and leaving; the returned function sets where leaving leads. */
  choice(lazy: boolean): (target: number) => void {
    const here = this.code.length + 1
    const split = { op: 'split' as const, first: here, second: here }
    this.code.push(split)
    return target => {
      if (lazy) split.first = target
      else split.second = target
    }
  }
}

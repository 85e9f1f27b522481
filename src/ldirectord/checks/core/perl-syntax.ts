/**
 * Reads a Perl regular expression into a tree, as perlre(1) describes it for patterns and subjects of plain bytes.
 * What is not understood is refused with its place, never guessed at: a check that silently asks something else
 * than the administrator wrote is worse than one that does not load.
 */
import { ANY, ESCAPED_CLASSES, emptySet, NOT_NEWLINE } from './byte-set.js'
import { PatternCursor, RefusedPattern } from './pattern-cursor.js'
import { readBracket, readByteEscape } from './perl-bytes.js'
import { type Assertion, LINE_BREAK, literal, type Node, widthMax } from './perl-tree.js'

export interface Syntax {
  readonly root: Node
  readonly captures: number
}

/** Why a pattern is refused; `column` is 1-based and counts characters of the pattern. */
export interface Refusal {
  readonly reason: string
  readonly column: number
}

interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly x: boolean
  readonly n: boolean
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, x: false, n: false }
const DEPTH_MAX = 200
const REPEAT_MAX = 65_534 // REG_INFTY - 1 of Perl 5.30 and later
/** As far as a lookbehind looks back, in Perl too. */
const LOOKBEHIND_MAX = 255

/** Parses the bytes of a pattern (one character of `text` per byte). */
export function parsePerlSyntax(text: string): Syntax | Refusal {
  const reader = new Reader(text)
  try {
    return { root: reader.whole(), captures: reader.captures }
  } catch (error) {
    if (!(error instanceof RefusedPattern)) throw error
    return { reason: error.message, column: error.at + 1 }
  }
}

class Reader {
  captures = 0
  readonly #here: PatternCursor
  readonly #names = new Map<string, number>()
  /** Groups as far as a glance can tell; only \\10 and up depend on it. */
  readonly #total: number
  /** The reference to the last group: whether there is one is known at the end. */
  #highest = { index: 0, at: 0 }
  #depth = 0

  constructor(text: string) {
    this.#here = new PatternCursor(text)
    this.#total = countCaptures(text)
  }

  whole(): Node {
    const node = this.#alternatives(NO_FLAGS)
    if (this.#here.at < this.#here.text.length) this.#here.refuse('unmatched )')
    if (this.#highest.index > this.captures) {
      this.#here.refuse(`there is no group ${this.#highest.index}`, this.#highest.at)
    }
    return node
  }

  #alternatives(flags: Flags): Node {
    if (++this.#depth > DEPTH_MAX) this.#here.refuse(`groups are nested deeper than ${DEPTH_MAX}`)
    const branches: Node[] = []
    let items: Node[] = []
    for (;;) {
      this.#skipIgnored(flags)
      const next = this.#here.peek()
      if (next === '' || next === ')') break
      if (next === '|') {
        this.#here.at++
        branches.push({ kind: 'sequence', items })
        items = []
        continue
      }
      const changed = this.#inlineFlags(flags)
      if (changed) flags = changed
      else items.push(this.#quantified(flags))
    }
    this.#depth--
    branches.push({ kind: 'sequence', items })
    return branches.length === 1 ? branches[0]! : { kind: 'alternatives', items: branches }
  }

  /** Comments `(?#...)`, and under (?x) blanks and `# ...`. */
  #skipIgnored(flags: Flags): void {
    for (;;) {
      if (this.#here.text.startsWith('(?#', this.#here.at)) {
        const start = this.#here.at
        if (!this.#here.match(/\(\?#[^)]*\)/)) this.#here.refuse('the comment (?# has no end', start)
      } else if (!flags.x || !this.#here.match(/[\t-\r ]+|#[^\n]*/)) return
    }
  }

  /** `(?i)`, `(?^s)`, `(?x-i)`: flags for the rest of the group. */
  #inlineFlags(flags: Flags): Flags | null {
    const found = this.#here.match(/\(\?(\^?)([a-z]*)(?:-([a-z]*))?\)/)
    return found ? this.#newFlags(found, flags) : null
  }

  #newFlags(found: RegExpExecArray, flags: Flags): Flags {
    const on = found[2] ?? ''
    const off = found[3] ?? ''
    const foreign = /[^imsxnadp]/.exec(on) ?? /[^imsxn]/.exec(off)
    if (foreign || /aa|xx/.test(on)) {
      this.#here.refuse(
        `the flag (?${foreign?.[0] ?? 'aa or xx'}) is not supported`,
        this.#here.at - found[0].length,
      )
    }
    const next: Record<string, boolean> = { ...(found[1] ? NO_FLAGS : flags) }
    for (const flag of on) next[flag] = true
    for (const flag of off) next[flag] = false
    return { i: next.i!, m: next.m!, s: next.s!, x: next.x!, n: next.n! }
  }

  #quantified(flags: Flags): Node {
    const start = this.#here.at
    const item = this.#atom(flags)
    this.#skipIgnored(flags)
    const bounds = this.#bounds()
    if (bounds === null) return item
    const mode = this.#here.take('?') ? 'lazy' : this.#here.take('+') ? 'possessive' : 'greedy'
    if (this.#bounds(true) !== null) this.#here.refuse('a quantifier follows a quantifier')
    const [min, max] = bounds
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > REPEAT_MAX))
      this.#here.refuse(`a repetition counts to ${REPEAT_MAX} at most`, start)
    // {3,1} can never match; Perl accepts it.
    if (min > max) return { kind: 'set', set: emptySet() }
    return { kind: 'repeat', item, min, max, mode }
  }

  #bounds(onlyLook = false): [number, number] | null {
    const found = this.#here.match(/[*+?]|\{(\d+)\}|\{(\d+),(\d*)\}|\{,(\d+)\}/)
    if (!found) return null
    if (onlyLook) this.#here.at -= found[0].length
    const infinity = Number.POSITIVE_INFINITY
    if (found[0] === '*') return [0, infinity]
    if (found[0] === '+') return [1, infinity]
    if (found[0] === '?') return [0, 1]
    if (found[1] !== undefined) return [Number(found[1]), Number(found[1])]
    if (found[4] !== undefined) this.#here.refuse('{,n} means different things in different versions of Perl')
    return [Number(found[2]), found[3] ? Number(found[3]) : infinity]
  }

  #atom(flags: Flags): Node {
    const character = this.#here.peek()
    if (character === '(') return this.#group(flags)
    if (character === '[') return readBracket(this.#here, flags.i)
    if (character === '\\') return this.#escape(flags)
    if (/[*+?]/.test(character)) this.#here.refuse('a quantifier follows nothing')
    this.#here.at++
    if (character === '.') return { kind: 'set', set: flags.s ? ANY : NOT_NEWLINE }
    if (character === '^') return { kind: 'assert', what: flags.m ? 'lineStart' : 'textStart' }
    if (character === '$') return { kind: 'assert', what: flags.m ? 'lineEnd' : 'lastLineEnd' }
    return literal(character.charCodeAt(0), flags.i)
  }

  #group(flags: Flags): Node {
    const start = this.#here.at
    this.#here.at++
    const close = (node: Node): Node => {
      if (!this.#here.take(')')) this.#here.refuse('this ( has no )', start)
      return node
    }
    const inside = (inner = flags): Node => this.#alternatives(inner)
    if (this.#here.peek() === '*') this.#here.refuse('verbs such as (*FAIL) are not supported', start)
    if (!this.#here.take('?')) return close(flags.n ? inside() : this.#capture(flags, null))
    if (this.#here.take('=')) return close({ kind: 'look', ahead: true, negative: false, item: inside() })
    if (this.#here.take('!')) return close({ kind: 'look', ahead: true, negative: true, item: inside() })
    const behind = this.#here.match(/<[=!]/)
    if (behind) {
      const item = inside()
      if (widthMax(item) > LOOKBEHIND_MAX)
        this.#here.refuse(`looks back over more than ${LOOKBEHIND_MAX} bytes`, start)
      return close({ kind: 'look', ahead: false, negative: behind[0] === '<!', item })
    }
    if (this.#here.take('>')) return close({ kind: 'atomic', item: inside() })
    if (this.#here.take('|')) this.#here.refuse('branch reset (?| is not supported', start)
    const name = this.#here.match(/P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'/)
    if (name) return close(this.#capture(flags, name[1] ?? name[2] ?? null))
    const back = this.#here.match(/P=([A-Za-z_]\w*)/)
    if (back) return close(this.#named(back[1]!, flags, start))
    const found = this.#here.match(/(\^?)([a-z]*)(?:-([a-z]*))?:/)
    if (found) return close(inside(this.#newFlags(found, flags)))
    return this.#here.refuse(`the group (?${this.#here.peek()} is not supported`, start)
  }

  #capture(flags: Flags, name: string | null): Node {
    const index = ++this.captures
    if (name !== null) {
      if (this.#names.has(name)) this.#here.refuse(`two groups are named ${name}`)
      this.#names.set(name, index)
    }
    return { kind: 'capture', index, item: this.#alternatives(flags) }
  }

  #reference(index: number, flags: Flags, at: number): Node {
    if (index < 1) this.#here.refuse(`there is no group ${index}`, at)
    if (index > this.#highest.index) this.#highest = { index, at }
    return { kind: 'backreference', index, ignoreCase: flags.i }
  }

  #named(name: string, flags: Flags, at: number): Node {
    const index = this.#names.get(name)
    if (index === undefined) this.#here.refuse(`no group before this one is named ${name}`, at)
    return this.#reference(index, flags, at)
  }

  #escape(flags: Flags): Node {
    const start = this.#here.at
    const letter = this.#here.peek(1)
    if (letter === '') this.#here.refuse('a single \\ stands at the end')
    const set = ESCAPED_CLASSES[letter]
    if (set && !(letter === 'N' && this.#here.peek(2) === '{')) {
      this.#here.at += 2
      return { kind: 'set', set }
    }
    const assertion = ASSERTIONS[letter]
    if (assertion) {
      this.#here.at += 2
      if (this.#here.peek() === '{' && /[bB]/.test(letter))
        this.#here.refuse('\\b{...} is not supported', start)
      return { kind: 'assert', what: assertion }
    }
    if (letter === 'R') {
      this.#here.at += 2
      return { kind: 'atomic', item: LINE_BREAK }
    }
    return this.#backreference(flags) ?? literal(readByteEscape(this.#here), flags.i)
  }

  #backreference(flags: Flags): Node | null {
    const start = this.#here.at
    const byName = this.#here.match(
      /\\k(?:<([A-Za-z_]\w*)>|\{([A-Za-z_]\w*)\}|'([A-Za-z_]\w*)')|\\g\{([A-Za-z_]\w*)\}/,
    )
    if (byName) return this.#named((byName[1] ?? byName[2] ?? byName[3] ?? byName[4])!, flags, start)
    const numbered = this.#here.match(/\\g(?:\{(-?\d+)\}|(-?\d+))/)
    if (numbered) {
      const index = Number(numbered[1] ?? numbered[2])
      return this.#reference(index < 0 ? this.captures + 1 + index : index, flags, start)
    }
    // \1 to \9 are always references; \10 and up only when there are that many groups, else octal.
    const digits = /^\\([1-9]\d*)/.exec(this.#here.text.slice(this.#here.at, this.#here.at + 6))
    if (!digits || (digits[1]!.length > 1 && Number(digits[1]) > this.#total)) return null
    this.#here.at += digits[0].length
    return this.#reference(Number(digits[1]), flags, start)
  }
}

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'textStart',
  z: 'textEnd',
  Z: 'lastLineEnd',
  b: 'wordBoundary',
  B: 'noWordBoundary',
}

/** Groups that capture, counted before reading: \12 means something else when there are twelve of them. */
function countCaptures(text: string): number {
  const bare = text.replace(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]/g, '')
  return bare.match(/\((?!\?|\*)|\(\?P?<(?![=!])|\(\?'/g)?.length ?? 0
}

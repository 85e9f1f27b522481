/**
 * Reads a Perl regular expression into a tree, as perlre(1) describes it for patterns and subjects of plain bytes.
 * What is not understood is refused with its place, never guessed at: a check that silently asks something else
 * than the administrator wrote is worse than one that does not load.
 */
import {
  ANY,
  addAll,
  type ByteSet,
  complement,
  ESCAPED_CLASSES,
  emptySet,
  foldCase,
  NOT_NEWLINE,
  POSIX_CLASSES,
} from './byte-set.js'

export type Assertion =
  | 'textStart' // \A, ^
  | 'lineStart' // ^ under (?m)
  | 'textEnd' // \z
  | 'lastLineEnd' // \Z, $: the end, or before a newline that ends the text
  | 'lineEnd' // $ under (?m)
  | 'wordBoundary'
  | 'noWordBoundary'

export type Node =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'alternatives'; readonly items: readonly Node[] }
  | {
      readonly kind: 'repeat'
      readonly item: Node
      readonly min: number
      /** Infinity: no end. */
      readonly max: number
      readonly mode: 'greedy' | 'lazy' | 'possessive'
    }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'capture'; readonly index: number; readonly item: Node }
  | { readonly kind: 'backreference'; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negative: boolean; readonly item: Node }
  | { readonly kind: 'atomic'; readonly item: Node }

export interface Syntax {
  readonly root: Node
  readonly captures: number
}

/** Why a pattern is refused; `column` is 1-based and counts characters of the pattern. */
export interface Refusal {
  readonly reason: string
  readonly column: number
}

class RefusedPattern extends Error {
  readonly at: number
  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
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
  readonly #text: string
  readonly #names = new Map<string, number>()
  /** Groups as far as a glance can tell; only \\10 and up depend on it. */
  readonly #total: number
  /** The reference to the last group: whether there is one is known at the end. */
  #highest = { index: 0, at: 0 }
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#total = countCaptures(text)
  }

  whole(): Node {
    const node = this.#alternatives(NO_FLAGS)
    if (this.#at < this.#text.length) this.#refuse('unmatched )')
    if (this.#highest.index > this.captures) {
      this.#refuse(`there is no group ${this.#highest.index}`, this.#highest.at)
    }
    return node
  }

  #refuse(reason: string, at = this.#at): never {
    throw new RefusedPattern(reason, at)
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? ''
  }

  #take(wanted: string): boolean {
    if (!this.#text.startsWith(wanted, this.#at)) return false
    this.#at += wanted.length
    return true
  }

  /** Takes what the sticky pattern matches here. */
  #match(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, 'y')
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#text)
    if (found) this.#at = sticky.lastIndex
    return found
  }

  #alternatives(flags: Flags): Node {
    if (++this.#depth > DEPTH_MAX) this.#refuse(`groups are nested deeper than ${DEPTH_MAX}`)
    const branches: Node[] = []
    let items: Node[] = []
    for (;;) {
      this.#skipIgnored(flags)
      const next = this.#peek()
      if (next === '' || next === ')') break
      if (next === '|') {
        this.#at++
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
      if (this.#text.startsWith('(?#', this.#at)) {
        const start = this.#at
        if (!this.#match(/\(\?#[^)]*\)/)) this.#refuse('the comment (?# has no end', start)
      } else if (!flags.x || !this.#match(/[\t-\r ]+|#[^\n]*/)) return
    }
  }

  /** `(?i)`, `(?^s)`, `(?x-i)`: flags for the rest of the group. */
  #inlineFlags(flags: Flags): Flags | null {
    const found = this.#match(/\(\?(\^?)([a-z]*)(?:-([a-z]*))?\)/)
    return found ? this.#newFlags(found, flags) : null
  }

  #newFlags(found: RegExpExecArray, flags: Flags): Flags {
    const on = found[2] ?? ''
    const off = found[3] ?? ''
    const foreign = /[^imsxnadp]/.exec(on) ?? /[^imsxn]/.exec(off)
    if (foreign || /aa|xx/.test(on)) {
      this.#refuse(`the flag (?${foreign?.[0] ?? 'aa or xx'}) is not supported`, this.#at - found[0].length)
    }
    const next: Record<string, boolean> = { ...(found[1] ? NO_FLAGS : flags) }
    for (const flag of on) next[flag] = true
    for (const flag of off) next[flag] = false
    return { i: next.i!, m: next.m!, s: next.s!, x: next.x!, n: next.n! }
  }

  #quantified(flags: Flags): Node {
    const start = this.#at
    const item = this.#atom(flags)
    this.#skipIgnored(flags)
    const bounds = this.#bounds()
    if (bounds === null) return item
    const mode = this.#take('?') ? 'lazy' : this.#take('+') ? 'possessive' : 'greedy'
    if (this.#bounds(true) !== null) this.#refuse('a quantifier follows a quantifier')
    const [min, max] = bounds
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > REPEAT_MAX))
      this.#refuse(`a repetition counts to ${REPEAT_MAX} at most`, start)
    // {3,1} can never match; Perl accepts it.
    if (min > max) return { kind: 'set', set: emptySet() }
    return { kind: 'repeat', item, min, max, mode }
  }

  #bounds(onlyLook = false): [number, number] | null {
    const found = this.#match(/[*+?]|\{(\d+)\}|\{(\d+),(\d*)\}|\{,(\d+)\}/)
    if (!found) return null
    if (onlyLook) this.#at -= found[0].length
    const infinity = Number.POSITIVE_INFINITY
    if (found[0] === '*') return [0, infinity]
    if (found[0] === '+') return [1, infinity]
    if (found[0] === '?') return [0, 1]
    if (found[1] !== undefined) return [Number(found[1]), Number(found[1])]
    if (found[4] !== undefined) this.#refuse('{,n} means different things in different versions of Perl')
    return [Number(found[2]), found[3] ? Number(found[3]) : infinity]
  }

  #atom(flags: Flags): Node {
    const character = this.#peek()
    if (character === '(') return this.#group(flags)
    if (character === '[') return this.#bracket(flags)
    if (character === '\\') return this.#escape(flags)
    if (/[*+?]/.test(character)) this.#refuse('a quantifier follows nothing')
    this.#at++
    if (character === '.') return { kind: 'set', set: flags.s ? ANY : NOT_NEWLINE }
    if (character === '^') return { kind: 'assert', what: flags.m ? 'lineStart' : 'textStart' }
    if (character === '$') return { kind: 'assert', what: flags.m ? 'lineEnd' : 'lastLineEnd' }
    return literal(character.charCodeAt(0), flags)
  }

  #group(flags: Flags): Node {
    const start = this.#at
    this.#at++
    const close = (node: Node): Node => {
      if (!this.#take(')')) this.#refuse('this ( has no )', start)
      return node
    }
    const inside = (inner = flags): Node => this.#alternatives(inner)
    if (this.#peek() === '*') this.#refuse('verbs such as (*FAIL) are not supported', start)
    if (!this.#take('?')) return close(flags.n ? inside() : this.#capture(flags, null))
    if (this.#take('=')) return close({ kind: 'look', ahead: true, negative: false, item: inside() })
    if (this.#take('!')) return close({ kind: 'look', ahead: true, negative: true, item: inside() })
    const behind = this.#match(/<[=!]/)
    if (behind) {
      const item = inside()
      if (widthMax(item) > LOOKBEHIND_MAX)
        this.#refuse(`looks back over more than ${LOOKBEHIND_MAX} bytes`, start)
      return close({ kind: 'look', ahead: false, negative: behind[0] === '<!', item })
    }
    if (this.#take('>')) return close({ kind: 'atomic', item: inside() })
    if (this.#take('|')) this.#refuse('branch reset (?| is not supported', start)
    const name = this.#match(/P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'/)
    if (name) return close(this.#capture(flags, name[1] ?? name[2] ?? null))
    const back = this.#match(/P=([A-Za-z_]\w*)/)
    if (back) return close(this.#named(back[1]!, flags, start))
    const found = this.#match(/(\^?)([a-z]*)(?:-([a-z]*))?:/)
    if (found) return close(inside(this.#newFlags(found, flags)))
    return this.#refuse(`the group (?${this.#peek()} is not supported`, start)
  }

  #capture(flags: Flags, name: string | null): Node {
    const index = ++this.captures
    if (name !== null) {
      if (this.#names.has(name)) this.#refuse(`two groups are named ${name}`)
      this.#names.set(name, index)
    }
    return { kind: 'capture', index, item: this.#alternatives(flags) }
  }

  #reference(index: number, flags: Flags, at: number): Node {
    if (index < 1) this.#refuse(`there is no group ${index}`, at)
    if (index > this.#highest.index) this.#highest = { index, at }
    return { kind: 'backreference', index, ignoreCase: flags.i }
  }

  #named(name: string, flags: Flags, at: number): Node {
    const index = this.#names.get(name)
    if (index === undefined) this.#refuse(`no group before this one is named ${name}`, at)
    return this.#reference(index, flags, at)
  }

  #escape(flags: Flags): Node {
    const start = this.#at
    const letter = this.#peek(1)
    if (letter === '') this.#refuse('a single \\ stands at the end')
    const set = ESCAPED_CLASSES[letter]
    if (set && !(letter === 'N' && this.#peek(2) === '{')) {
      this.#at += 2
      return { kind: 'set', set }
    }
    const assertion = ASSERTIONS[letter]
    if (assertion) {
      this.#at += 2
      if (this.#peek() === '{' && /[bB]/.test(letter)) this.#refuse('\\b{...} is not supported', start)
      return { kind: 'assert', what: assertion }
    }
    if (letter === 'R') {
      this.#at += 2
      return { kind: 'atomic', item: lineBreak }
    }
    return this.#backreference(flags) ?? literal(this.#byteEscape(), flags)
  }

  #backreference(flags: Flags): Node | null {
    const start = this.#at
    const byName = this.#match(
      /\\k(?:<([A-Za-z_]\w*)>|\{([A-Za-z_]\w*)\}|'([A-Za-z_]\w*)')|\\g\{([A-Za-z_]\w*)\}/,
    )
    if (byName) return this.#named((byName[1] ?? byName[2] ?? byName[3] ?? byName[4])!, flags, start)
    const numbered = this.#match(/\\g(?:\{(-?\d+)\}|(-?\d+))/)
    if (numbered) {
      const index = Number(numbered[1] ?? numbered[2])
      return this.#reference(index < 0 ? this.captures + 1 + index : index, flags, start)
    }
    // \1 to \9 are always references; \10 and up only when there are that many groups, else octal.
    const digits = /^\\([1-9]\d*)/.exec(this.#text.slice(this.#at, this.#at + 6))
    if (!digits || (digits[1]!.length > 1 && Number(digits[1]) > this.#total)) return null
    this.#at += digits[0].length
    return this.#reference(Number(digits[1]), flags, start)
  }

  /** An escape that stands for one byte, outside and inside of brackets. */
  #byteEscape(): number {
    const start = this.#at
    const hex = this.#match(/\\x\{\s*([0-9A-Fa-f_]+)\s*\}|\\N\{U\+([0-9A-Fa-f]+)\}|\\x([0-9A-Fa-f]{0,2})/)
    if (hex)
      return this.#byte(Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!.replaceAll('_', '') || '0', 16), start)
    const octal = this.#match(/\\o\{([0-7]+)\}|\\([0-7]{1,3})/)
    if (octal) return this.#byte(Number.parseInt((octal[1] ?? octal[2])!, 8), start)
    const control = this.#match(/\\c([?-_a-z])/)
    if (control) return control[1]!.toUpperCase().charCodeAt(0) ^ 64
    const letter = this.#peek(1)
    if (/[pPXNGogkCx1-9cKRBbAzZ]/.test(letter)) this.#refuse(`\\${letter} is not supported here`, start)
    this.#at += 2
    // An unknown letter stands for itself; Perl only warns (\Q and \E too: a pattern from a file is not quoted text).
    return LETTERS[letter] ?? letter.charCodeAt(0)
  }

  #byte(code: number, at: number): number {
    if (!(code <= 255)) this.#refuse('answers are matched as bytes: no character above \\xff', at)
    return code
  }

  #bracket(flags: Flags): Node {
    const start = this.#at++
    const negated = this.#take('^')
    const set = emptySet()
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#peek() === '') this.#refuse('this [ has no ]', start)
      const low = this.#classItem(set)
      if (low === null || this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === '') {
        if (low !== null) set[low] = 1
        continue
      }
      const dash = this.#at++
      const high = this.#classItem(set)
      if (high === null) {
        set[low] = set[45] = 1 // [a-\d]: Perl takes the dash literally
        continue
      }
      if (high < low) this.#refuse('the range runs backwards', dash)
      set.fill(1, low, high + 1)
    }
    this.#at++
    const folded = flags.i ? foldCase(set) : set
    return { kind: 'set', set: negated ? complement(folded) : folded }
  }

  /** One member of a class: a byte, or null when it was a whole class that is now in `set`. */
  #classItem(set: ByteSet): number | null {
    const start = this.#at
    const posix = this.#match(/\[:(\^?)(\w+):\]/)
    if (posix) {
      const named = POSIX_CLASSES[posix[2]!]
      if (!named) this.#refuse(`there is no class [:${posix[2]}:]`, start)
      addAll(set, posix[1] ? complement(named) : named)
      return null
    }
    if (/^\[[.=]/.test(this.#text.slice(this.#at, this.#at + 2)))
      this.#refuse('[. .] and [= =] are reserved by Perl')
    if (this.#peek() !== '\\') return this.#text.charCodeAt(this.#at++)
    const letter = this.#peek(1)
    const escaped = ESCAPED_CLASSES[letter]
    if (escaped && letter !== 'N') {
      this.#at += 2
      addAll(set, escaped)
      return null
    }
    if (letter === 'b') {
      this.#at += 2
      return 8
    }
    return this.#byteEscape()
  }
}

const LETTERS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, e: 27, a: 7 }

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'textStart',
  z: 'textEnd',
  Z: 'lastLineEnd',
  b: 'wordBoundary',
  B: 'noWordBoundary',
}

function literal(byte: number, flags: Flags): Node {
  const set = emptySet()
  set[byte] = 1
  return { kind: 'set', set: flags.i ? foldCase(set) : set }
}

/** The longest text that a pattern can match; a backreference counts as endless. */
function widthMax(node: Node): number {
  switch (node.kind) {
    case 'set':
      return 1
    case 'assert':
    case 'look':
      return 0
    case 'sequence':
      return node.items.reduce((sum, item) => sum + widthMax(item), 0)
    case 'alternatives':
      return Math.max(...node.items.map(widthMax))
    case 'repeat': {
      const width = widthMax(node.item)
      return width === 0 ? 0 : width * node.max
    }
    case 'capture':
    case 'atomic':
      return widthMax(node.item)
    case 'backreference':
      return Number.POSITIVE_INFINITY
  }
}

/** \R: CR LF as one, else one vertical space. */
const lineBreak: Node = {
  kind: 'alternatives',
  items: [
    { kind: 'sequence', items: [literal(13, NO_FLAGS), literal(10, NO_FLAGS)] },
    { kind: 'set', set: ESCAPED_CLASSES.v! },
  ],
}

/** Groups that capture, counted before reading: \12 means something else when there are twelve of them. */
function countCaptures(text: string): number {
  const bare = text.replace(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]/g, '')
  return bare.match(/\((?!\?|\*)|\(\?P?<(?![=!])|\(\?'/g)?.length ?? 0
}

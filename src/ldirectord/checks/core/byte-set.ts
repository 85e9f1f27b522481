/**
 * A set of bytes: what one position of a regular expression may be. `receive` patterns are matched against the
 * bytes of an answer, as Perl does it, so 256 members are the whole world.
 */
export type ByteSet = Uint8Array

export const emptySet = (): ByteSet => new Uint8Array(256)

function setOf(...ranges: readonly (readonly [number, number])[]): ByteSet {
  const set = emptySet()
  for (const [first, last] of ranges) set.fill(1, first, last + 1)
  return set
}

export const complement = (set: ByteSet): ByteSet => set.map(member => 1 - member)

export function addAll(target: ByteSet, more: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) if (more[byte]) target[byte] = 1
}

/** Adds the other case of every ASCII letter: `(?i)` on bytes knows no other letters. */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice()
  for (let upper = 65; upper <= 90; upper++) {
    if (set[upper] || set[upper + 32]) folded[upper] = folded[upper + 32] = 1
  }
  return folded
}

const DIGIT = setOf([48, 57])
const SPACE = setOf([9, 13], [32, 32])
const WORD = setOf([48, 57], [65, 90], [95, 95], [97, 122])
const UPPER = setOf([65, 90])
const LOWER = setOf([97, 122])
const ALPHA = setOf([65, 90], [97, 122])
const GRAPH = setOf([33, 126])
/** Horizontal space holds the no-break space 0xA0 and vertical space NEL 0x85, on bytes too (perlrecharclass). */
const HORIZONTAL = setOf([9, 9], [32, 32], [160, 160])
const VERTICAL = setOf([10, 13], [133, 133])

const NEWLINE = setOf([10, 10])
export const NOT_NEWLINE = complement(NEWLINE)
export const ANY = complement(emptySet())
export const isWordByte = (byte: number): boolean => WORD[byte] === 1

/** `\d \w \s \h \v \N` and their complements, by letter. */
export const ESCAPED_CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
  h: HORIZONTAL,
  H: complement(HORIZONTAL),
  v: VERTICAL,
  V: complement(VERTICAL),
  N: NOT_NEWLINE,
}

/** `[:name:]` inside a bracketed class. */
export const POSIX_CLASSES: Readonly<Record<string, ByteSet>> = {
  alpha: ALPHA,
  digit: DIGIT,
  alnum: setOf([48, 57], [65, 90], [97, 122]),
  upper: UPPER,
  lower: LOWER,
  space: SPACE,
  blank: setOf([9, 9], [32, 32]),
  punct: setOf([33, 47], [58, 64], [91, 96], [123, 126]),
  print: setOf([32, 126]),
  graph: GRAPH,
  cntrl: setOf([0, 31], [127, 127]),
  xdigit: setOf([48, 57], [65, 70], [97, 102]),
  word: WORD,
  ascii: setOf([0, 127]),
}

/** What a Perl regular expression says, as a tree over bytes. */
import { type ByteSet, ESCAPED_CLASSES, emptySet, foldCase } from './byte-set.js'

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

export function literal(byte: number, ignoreCase: boolean): Node {
  const set = emptySet()
  set[byte] = 1
  return { kind: 'set', set: ignoreCase ? foldCase(set) : set }
}

/** The longest text that a pattern can match; a backreference counts as endless. */
export function widthMax(node: Node): number {
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
export const LINE_BREAK: Node = {
  kind: 'alternatives',
  items: [
    { kind: 'sequence', items: [literal(13, false), literal(10, false)] },
    { kind: 'set', set: ESCAPED_CLASSES.v! },
  ],
}

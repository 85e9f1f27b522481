/** `receive`: whether an answer holds what the file asks for. Compiled patterns are kept, since every check asks anew. */
import { failed, type Outcome } from './check.js'
import { type CompiledRegexp, compilePerlRegexp } from './core/perl-regexp.js'

/** More than the virtual services of a big file. */
const KEPT_MAX = 5_000
const kept = new Map<string, CompiledRegexp>()

function compiled(pattern: string): CompiledRegexp {
  const known = kept.get(pattern)
  if (known) return known
  if (kept.size >= KEPT_MAX) kept.clear()
  const fresh = compilePerlRegexp(pattern)
  kept.set(pattern, fresh)
  return fresh
}

/** null when the answer matches. As in the original a `receive` without a single ordinary character asks nothing. */
export function mismatch(receive: string, answer: Uint8Array): Outcome | null {
  if (!/[^\n]/.test(receive)) return null
  const pattern = compiled(receive)
  if (pattern.kind === 'refused') {
    return failed('ERROR', `receive cannot be used: ${pattern.reason}, at its character ${pattern.column}`)
  }
  switch (pattern.regexp.search(answer)) {
    case 'match':
      return null
    case 'none':
      return failed('L7CONTENT', `the answer of ${answer.length} bytes does not match receive`)
    case 'undecided':
      return failed(
        'ERROR',
        'receive needs too many steps on this answer: write it without nested repetitions',
      )
  }
}

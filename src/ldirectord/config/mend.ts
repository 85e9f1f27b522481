/** Refused values that can be mended without asking what was meant. */

import type { Fix } from '../../syntax/diagnostic.js'
import type { Directive } from '../../syntax/directive.js'
import { withoutComment } from './comment.js'
import { isSecretDirective } from './source.js'
import type { Place } from './tree.js'

/** The fix that cuts a comment or blanks behind the value, where the value alone would be accepted. */
export function mend(place: Place, row: Directive<unknown>): { comment: boolean; fix: Fix } | null {
  const alone = withoutComment(place.text)
  if (alone === place.text || alone === '' || !('value' in row.arg.parse(alone))) return null
  const from = place.span.column - 1 + alone.length
  const raw = place.line.raw
  const comment = raw.slice(from).includes('#')
  const what = comment ? 'the comment behind the value' : 'the blank behind the value'
  const ending = raw.endsWith('\r') ? ' (this line ends in CR LF; save the file with LF)' : ''
  return {
    comment: place.text.includes('#'),
    fix: {
      description: `remove ${what}${ending}`,
      edits: [{ line: place.line.number, column: from + 1, length: raw.length - from, text: '' }],
    },
  }
}

/** The fix that puts quotes around a value that lacks them. */
export function quoteFix(place: Place, row: Directive<unknown>): Fix | null {
  const value = place.text.trim()
  if (value === '' || value.includes('"') || value.includes('#') || isSecretDirective(place.name)) return null
  if (!('value' in row.arg.parse(`"${value}"`))) return null
  const column = place.span.column
  return {
    description: `write ${place.name}="${value}"`,
    edits: [{ line: place.line.number, column, length: value.length, text: `"${value}"` }],
  }
}

/** Values that the original accepts and reads in a way that nobody can have meant. */
import { withoutComment } from './comment.js'
import type { Place } from './statement.js'
import type { Finding } from './tree.js'

/** Values of which only a part counts, or to which a comment belongs that was not meant so. */
export function valueWarnings(place: Place, value: unknown): Finding[] {
  const { source, span, name, text } = place
  if (name === 'real' || name === 'real6' || name.startsWith('fallback')) return commentInText(place)
  const written = withoutComment(text)
  const plain = typeof value === 'string' && !text.startsWith('"')
  if (plain && value === text && text !== written) return commentInText(place)
  const searched = typeof value === 'number' || (plain && text.includes(value))
  if (searched && written !== '' && String(value) !== written.replace(/^0+(?=\d)/, '')) {
    if (typeof value === 'number' || !['servicename', 'comment', 'emailalert'].includes(name)) {
      return [
        source.finding({
          span,
          severity: 'warning',
          code: 'part-of-value',
          message: `${name} takes only ${value} from "${written}"`,
          help: `write ${name}=${value}`,
          fix: {
            description: `write ${name}=${value}`,
            edits: [{ ...span, length: written.length, text: String(value) }],
          },
        }),
      ]
    }
  }
  return checktypeDigit(place)
}

function checktypeDigit(place: Place): Finding[] {
  const { source, span, name, text } = place
  if (name !== 'checktype' || !/\d/.test(text) || /^\d+[ \t\r\f\v]*$/.test(text)) return []
  return [
    source.finding({
      span,
      severity: 'warning',
      code: 'digit-in-checktype',
      message: `checktype takes the number in "${text.trim()}": one negotiate check, then that many connect checks`,
      help: 'write a word without digits, or the number alone',
    }),
  ]
}

/** Directives whose value is the rest of the line keep a comment or blanks that stand behind it. */
function commentInText(place: Place): Finding[] {
  const { source, span, name, text, line } = place
  const cutQuotes =
    place.kind === 'section' && line.raw.includes('#') && (text.split('"').length - 1) % 2 === 1
  if (cutQuotes) {
    return [
      source.finding({
        span,
        severity: 'warning',
        code: 'comment-cuts-quotes',
        message: `${name} ends at the #, which starts a comment also inside quotes`,
        help: 'leave the # out; there is no way to write it in a virtual section',
      }),
    ]
  }
  const restOfLine = [
    'fallbackcommand',
    'emailalert',
    'emailalertfrom',
    'maintenancedir',
    'execute',
  ].includes(name)
  const sectionText = [
    'checkcommand',
    'fallbackcommand',
    'virtualhost',
    'emailalert',
    'monitorfile',
  ].includes(name)
  if (!(place.kind === 'global' ? restOfLine : sectionText) || text.startsWith('"')) return []
  const alone = withoutComment(text)
  if (alone === text || alone === '') return []
  const from = span.column + alone.length
  const what = text.includes('#') ? 'the comment behind it' : 'the blank behind it'
  return [
    source.finding({
      span,
      severity: 'warning',
      code: text.includes('#') ? 'comment-in-value' : 'blank-in-value',
      message: `the value of ${name} contains ${what}: "${text}"`,
      help: `remove ${what}`,
      fix: {
        description: `remove ${what}`,
        edits: [{ line: line.number, column: from, length: line.raw.length - from + 1, text: '' }],
      },
    }),
  ]
}

export function checkcountWarning(place: Place): Finding[] {
  if (place.name !== 'checkcount') return []
  return [
    place.source.finding({
      span: place.span,
      severity: 'warning',
      code: 'deprecated-directive',
      message: 'checkcount counts only the tries of a ping check and is deprecated',
      help: 'write failurecount for the failures after which a server is down',
      original: "checkcount option is deprecated and slated for removal.  please see 'failurecount'",
    }),
  ]
}

/** Values that the original accepts and reads in a way that nobody can have meant. */
import { withoutComment } from './comment.js'
import type { Finding } from './finding.js'
import type { Place } from './tree.js'

/** Values that reach to the end of the line, with what stands there. */
const REST_OF_LINE = {
  global: ['fallbackcommand', 'emailalert', 'emailalertfrom', 'maintenancedir', 'execute'],
  section: ['checkcommand', 'fallbackcommand', 'virtualhost', 'emailalert', 'monitorfile'],
}
/** Words and numbers that the original searches in the value, and takes without the rest. */
const SEARCHED = ['scheduler', 'smtp', 'schedflags', 'protocol', 'service', 'httpmethod', 'load']

export function valueWarnings(place: Place, value: unknown): Finding[] {
  const warning = cutQuotes(place) ?? behindText(place) ?? partOfValue(place, value) ?? checktypeDigit(place)
  return [...(warning === null ? [] : [warning]), ...checkcountWarning(place)]
}

/** A # starts a comment in a section also inside quotes, so that the closing quote is lost. */
function cutQuotes({ source, kind, line, name, span, text }: Place): Finding | null {
  const open = (text.split('"').length - 1) % 2 === 1
  if (kind !== 'section' || !open || !line.raw.includes('#')) return null
  return source.finding({
    span,
    severity: 'warning',
    code: 'comment-cuts-quotes',
    message: `${name} ends at the #, which starts a comment also inside quotes`,
    help: 'leave the # out; there is no way to write it in a virtual section',
  })
}

/** A comment or blanks that belong to the value. */
function behindText({ source, kind, line, name, span, text }: Place): Finding | null {
  const alone = withoutComment(text)
  if (!REST_OF_LINE[kind].includes(name) || alone === text || alone === '') return null
  if (text.startsWith('"') && name !== 'emailalert') return null
  const comment = text.includes('#')
  const what = comment ? 'the comment behind it' : 'the blank behind it'
  const column = span.column + alone.length
  const cut = { line: line.number, column, length: line.raw.length - column + 1, text: '' }
  return source.finding({
    span,
    severity: 'warning',
    code: comment ? 'comment-in-value' : 'blank-in-value',
    message: `the value of ${name} contains ${what}: "${text}"`,
    help: `remove ${what}`,
    fix: { description: `remove ${what}`, edits: [cut] },
  })
}

function partOfValue({ source, name, span, text }: Place, value: unknown): Finding | null {
  const written = withoutComment(text)
  const searched = typeof value === 'number' || SEARCHED.includes(name)
  const taken = String(value)
  const same =
    typeof value === 'number'
      ? /^\d+$/.test(written)
      : written.replaceAll('"', '').toLowerCase() === taken.toLowerCase()
  if (!searched || same || written === taken || written === '') return null
  const quoted = name === 'load' ? `"${taken}"` : taken
  return source.finding({
    span,
    severity: 'warning',
    code: 'part-of-value',
    message: `${name} takes only ${taken} from "${written}"`,
    help: `write ${name}=${quoted}`,
    fix: {
      description: `write ${name}=${quoted}`,
      edits: [{ ...span, length: written.length, text: quoted }],
    },
  })
}

function checktypeDigit({ source, name, span, text }: Place): Finding | null {
  if (name !== 'checktype' || !/\d/.test(text) || /^\d+$/.test(withoutComment(text))) return null
  return source.finding({
    span,
    severity: 'warning',
    code: 'digit-in-checktype',
    message: `checktype takes the number in "${text.trim()}": one negotiate check, then that many connect checks`,
    help: 'write a word without digits, or the number alone',
  })
}

function checkcountWarning({ source, name, span }: Place): Finding[] {
  if (name !== 'checkcount') return []
  return [
    source.finding({
      span,
      severity: 'warning',
      code: 'deprecated-directive',
      message: 'checkcount counts only the tries of a ping check and is deprecated',
      help: 'write failurecount for the failures after which a server is down',
      original: "checkcount option is deprecated and slated for removal.  please see 'failurecount'",
    }),
  ]
}

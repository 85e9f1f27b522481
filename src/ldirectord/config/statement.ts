/**
 * One line `name=value` whose name is known: is the value accepted, and is it what it seems to be? The original's
 * decision comes first; warnings are about values that it accepts and reads in a way that nobody can have meant.
 */
import type { Directive } from '../../syntax/directive.js'
import { globalDirectives } from './directives-global.js'
import { virtualDirectives } from './directives-virtual.js'
import type { Finding } from './finding.js'
import { UNKNOWN_COMMAND } from './forms.js'
import { mend, quoteFix } from './mend.js'
import { isSecretDirective, type Line, shown } from './source.js'
import type { Place } from './tree.js'
import { valueWarnings } from './value-warnings.js'

type Outcome =
  | { readonly value: unknown; readonly warnings: readonly Finding[] }
  | { readonly refused: Finding }

function rowOf(place: Place): Directive<unknown> {
  const table: Readonly<Record<string, Directive<unknown>>> =
    place.kind === 'global' ? globalDirectives : virtualDirectives
  return table[place.name]!
}

/** The original's `Unknown command`, with the line as it stands in the file. */
export function unknownCommand(line: Line, kind: 'global' | 'section'): string {
  const raw = shown(line.raw)
  const newline = line.terminated ? '\n' : ''
  return kind === 'global' ? `${UNKNOWN_COMMAND} ${raw}${newline} ` : `${UNKNOWN_COMMAND} "${raw}${newline}"`
}

export function assess(place: Place): Outcome {
  const row = rowOf(place)
  const parsed = row.arg.parse(place.text)
  if ('value' in parsed) {
    return {
      value: parsed.value,
      warnings: valueWarnings(place, parsed.value),
    }
  }
  const said = row.original?.(place.text)
  const text = said === UNKNOWN_COMMAND ? unknownCommand(place.line, place.kind) : said
  return { refused: refusal(place, row, parsed.wanted, text) }
}

function refusal(
  place: Place,
  row: Directive<unknown>,
  wanted: string,
  original: string | undefined,
): Finding {
  const { source, span, name } = place
  const base = { span, severity: 'error' as const, ...(original === undefined ? {} : { original }) }
  if (row.support === 'refused') {
    return source.finding({
      ...base,
      code: 'deprecated-directive',
      message: `${name} is no longer a directive: ${wanted}`,
      help: `write ${wanted.replace('replaced by ', '')}`,
    })
  }
  const found = isSecretDirective(name) ? '' : `; found "${place.text.trim()}"`
  const mended = mend(place, row)
  if (mended !== null) {
    return source.finding({
      ...base,
      code: mended.comment ? 'comment-behind-value' : 'blank-behind-value',
      message: `${name} wants ${wanted}; found ${mended.comment ? 'a comment' : 'a blank'} behind the value, which belongs to it`,
      help: mended.fix.description,
      fix: mended.fix,
    })
  }
  const quotes = quoteFix(place, row)
  return source.finding({
    ...base,
    code: 'wrong-value',
    message: `${name} wants ${wanted}${found}`,
    help: quotes?.description ?? `write ${name}=${row.arg.form}`,
    ...(quotes === null ? {} : { fix: quotes }),
  })
}

/** Applies the fixes that diagnostics carry to one text, and shows the change as a unified diff. */
import type { Diagnostic, TextEdit } from '../syntax/diagnostic.js'

const CONTEXT = 3

/** The text with all fixes made that do not touch each other; null when there is nothing to do. */
export function mended(text: string, diagnostics: readonly Diagnostic[]): string | null {
  const edits = diagnostics
    .flatMap(diagnostic => diagnostic.fix?.edits ?? [])
    .sort((a, b) => a.line - b.line || b.column - a.column)
  if (edits.length === 0) return null
  const lines = text.split('\n')
  let last: TextEdit | null = null
  for (const edit of edits) {
    const line = lines[edit.line - 1]
    // From right to left within a line, so that earlier columns stay right; what overlaps waits for the next run.
    const overlaps = last !== null && last.line === edit.line && edit.column + edit.length > last.column
    if (line === undefined || overlaps) continue
    lines[edit.line - 1] =
      line.slice(0, edit.column - 1) + edit.text + line.slice(edit.column - 1 + edit.length)
    last = edit
  }
  const result = lines.join('\n')
  return result === text ? null : result
}

/** Both texts have the same number of lines: fixes stay within a line. `hide` masks what may not be shown. */
export function unifiedDiff(
  path: string,
  before: string,
  after: string,
  hide: (line: string) => string,
): string {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]))
  const hunks: string[] = []
  for (let at = 0; at < changed.length; ) {
    let end = at
    while (end + 1 < changed.length && changed[end + 1]! - changed[end]! <= 2 * CONTEXT + 1) end++
    hunks.push(...hunk(old, now, changed[at]!, changed[end]!, hide))
    at = end + 1
  }
  return hunks.length === 0 ? '' : [`--- ${path}`, `+++ ${path}`, ...hunks].join('\n')
}

function hunk(
  old: string[],
  now: string[],
  first: number,
  last: number,
  hide: (line: string) => string,
): string[] {
  // The empty piece behind the last newline is no line.
  const count = old.at(-1) === '' ? old.length - 1 : old.length
  const start = Math.max(0, first - CONTEXT)
  const end = Math.min(count, last + CONTEXT + 1)
  const body: string[] = []
  for (let at = start; at < end; ) {
    if (old[at] === now[at]) {
      body.push(` ${hide(old[at]!)}`)
      at++
      continue
    }
    let until = at
    while (until < end && old[until] !== now[until]) until++
    body.push(
      ...old.slice(at, until).map(line => `-${hide(line)}`),
      ...now.slice(at, until).map(line => `+${hide(line)}`),
    )
    at = until
  }
  const range = `${start + 1},${end - start}`
  return [`@@ -${range} +${range} @@`, ...body]
}

/** Words of a server for a log or a status: one line, printable, short, and without the probe's own secrets. */
import type { Probe } from './check.js'

const CHARACTERS_MAX = 200

export function said(text: string, { passwd, secret }: Pick<Probe, 'passwd' | 'secret'>): string {
  let line = text
  for (const hidden of [passwd, secret]) {
    if (hidden === '') continue
    for (const form of [hidden, Buffer.from(hidden).toString('latin1')]) line = line.replaceAll(form, '***')
  }
  return line
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim()
    .slice(0, CHARACTERS_MAX)
}

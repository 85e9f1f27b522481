/**
 * What parsing alone finds out, before any name is resolved: the steps of reading in the order in which the original
 * takes them. It stops at its first error, so the order of findings is part of what must be the same.
 */
import type { Fix, Severity, Span } from '../../syntax/diagnostic.js'
import type { FallbackText } from './fallback-line.js'
import type { Finding } from './finding.js'
import type { Target } from './section-head.js'
import type { Line, Source } from './source.js'

/** One directive whose form is right. */
export interface Entry {
  readonly name: string
  readonly value: unknown
  /** The value as written, without what was cut as a comment. */
  readonly text: string
  readonly span: Span
}

/** Directives that name a file or folder, and what must be possible with it. */
export const PATH_USES = {
  logfile: 'append',
  monitorfile: 'append',
  maintenancedir: 'directory',
  tlscafile: 'read',
  tlscert: 'read',
  tlskey: 'read',
} as const
export type PathDirective = keyof typeof PATH_USES

export interface PathEntry extends Entry {
  readonly name: PathDirective
  readonly value: string
}

export interface FallbackEntry extends Entry {
  readonly value: FallbackText
}

export interface Section {
  readonly family: 4 | 6
  /** The value of virtual= as written, without a comment behind it. */
  readonly text: string
  readonly span: Span
  /** null: refused. */
  readonly target: Target | null
  readonly entries: Entry[]
  /** Findings and path questions of the section's lines, in order. */
  readonly steps: Step[]
  /** The line whose reading ended the section. */
  endLine: number
  /** Lines that were meant for it follow outside, behind an error. */
  interrupted: boolean
}

export type Step =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'fallback'; readonly entry: FallbackEntry }
  | { readonly kind: 'path'; readonly entry: PathEntry }
  | { readonly kind: 'section'; readonly section: Section }

/** Something that only the machine can answer. */
export type Question =
  | { readonly kind: 'host'; readonly family: 4 | 6; readonly name: string }
  | { readonly kind: 'append' | 'directory' | 'read'; readonly path: string }

export interface Tree {
  readonly source: Source
  /** Global directives, in order. */
  readonly entries: readonly Entry[]
  readonly steps: readonly Step[]
  /** Each question once. */
  readonly questions: readonly Question[]
}

export function questionKey(question: Question): string {
  return question.kind === 'host'
    ? `host${question.family} ${question.name}`
    : `${question.kind} ${question.path}`
}

/** One line `name=value`, where it stands. */
export interface Place {
  readonly source: Source
  readonly kind: 'global' | 'section'
  readonly line: Line
  readonly name: string
  /** The value, as the forms want it. */
  readonly text: string
  readonly span: Span
  readonly section?: Section
}

/** Notes what the original accepts and nobody can have meant. */
export type Warn = (
  span: Span,
  code: string,
  message: string,
  help: string,
  more?: { readonly severity?: Severity; readonly fix?: Fix },
) => void

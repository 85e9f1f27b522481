/** The machine's answers to the questions of a tree. io/resolve.ts asks; tests and the linter may make them up. */
import type { ServiceNames } from './service-names.js'
import { type Question, questionKey } from './tree.js'

/** An answer: the address, or '' where a file can be used; or why not. */
export type Answer = { readonly value: string } | { readonly failed: string }

export interface Resolutions {
  readonly services: ServiceNames
  /** For the defaults of login and passwd. */
  readonly hostname: string
  /** By questionKey. */
  readonly answers: ReadonlyMap<string, Answer>
}

/** undefined: nobody was asked. */
export function answerOf(resolutions: Resolutions | null, question: Question): Answer | undefined {
  return resolutions?.answers.get(questionKey(question))
}

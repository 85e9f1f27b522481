/**
 * Asks the machine what a tree wants to know: addresses of names, whether files can be used, /etc/services. All names
 * are looked up side by side, at most a few at a time, with one deadline for the whole; nothing here writes.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { readSmallFile } from '../../base/io/files.js'
import { type Clock, realClock } from '../../base/io/real-clock.js'
import type { Answer, Resolutions } from '../config/resolutions.js'
import { ServiceNames } from '../config/service-names.js'
import { type Question, questionKey } from '../config/tree.js'

export interface ResolveOptions {
  /** For all questions together. */
  readonly deadlineMs: number
  /** Questions beyond this many are not asked, and fail. */
  readonly questionsMax: number
  /** Lookups that run at the same time. */
  readonly concurrency: number
  /** Asks the machine for the address of a name. */
  readonly lookUp: (name: string, family: 4 | 6) => Promise<Answer>
  readonly servicesFile: string
  readonly servicesBytesMax: number
  readonly clock: Clock
}

const RESOLVE_DEFAULTS: ResolveOptions = {
  deadlineMs: 10_000,
  questionsMax: 10_000,
  // getaddrinfo blocks a thread of the pool each; more at a time would only wait there.
  concurrency: 4,
  lookUp: askHost,
  servicesFile: '/etc/services',
  servicesBytesMax: 4 << 20,
  clock: realClock,
}

/** Never rejects: a question that cannot be answered, in time or at all, has an answer that says why. */
export async function resolveQuestions(
  questions: readonly Question[],
  stopping: AbortSignal,
  options: Partial<ResolveOptions> = {},
): Promise<Resolutions> {
  const { deadlineMs, questionsMax, concurrency, lookUp, servicesFile, servicesBytesMax, clock } = {
    ...RESOLVE_DEFAULTS,
    ...options,
  }
  // A timer of our own: that of AbortSignal.timeout keeps no process alive, and a lookup may be all there is to wait for.
  const overdue = new AbortController()
  const callOff = clock.after(deadlineMs, () => overdue.abort())
  const signal = AbortSignal.any([stopping, overdue.signal])
  const late = (): string => (stopping.aborted ? 'stopped' : `no answer within ${deadlineMs / 1000} s`)
  const answers = new Map<string, Answer>()
  for (const question of questions.slice(questionsMax)) {
    answers.set(questionKey(question), { failed: `more than ${questionsMax} names in one file` })
  }
  const waiting = questions.slice(0, questionsMax)
  const worker = async (): Promise<void> => {
    for (let question = waiting.shift(); question !== undefined; question = waiting.shift()) {
      const answer: Answer = signal.aborted
        ? { failed: late() }
        : await inTime(ask(question, lookUp), signal, late)
      answers.set(questionKey(question), answer)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker))
  callOff()
  return { services: readServices(servicesFile, servicesBytesMax), hostname: hostname(), answers }
}

/** A lookup cannot be cancelled; one that is late is left to end by itself, unheard. */
async function inTime(answer: Promise<Answer>, signal: AbortSignal, late: () => string): Promise<Answer> {
  const ended = new AbortController()
  const deadline = new Promise<Answer>(resolve => {
    signal.addEventListener('abort', () => resolve({ failed: late() }), { once: true, signal: ended.signal })
  })
  try {
    return await Promise.race([answer, deadline])
  } finally {
    ended.abort()
  }
}

async function ask(question: Question, lookUp: ResolveOptions['lookUp']): Promise<Answer> {
  switch (question.kind) {
    case 'host':
      return await lookUp(question.name, question.family)
    case 'append':
      return reasonOf(() => requireAppendable(question.path))
    case 'read':
      return reasonOf(() => requireReadable(question.path))
    case 'directory':
      return reasonOf(() => requireDirectory(question.path))
  }
}

/** The first address only, as in the original. */
async function askHost(name: string, family: 4 | 6): Promise<Answer> {
  try {
    // Loaded here, because `ldirectord status` reads files that mostly name no host, and must start fast.
    const { lookup } = await import('node:dns/promises')
    return { value: (await lookup(name, { family })).address }
  } catch (error) {
    const code = codeOf(error)
    const wellKnown = code === 'ENOTFOUND' ? `not found in /etc/hosts and DNS (IPv${family})` : null
    return { failed: wellKnown ?? (code === 'EAI_AGAIN' ? 'the name server does not answer' : code) }
  }
}

function reasonOf(test: () => void): Answer {
  try {
    test()
    return { value: '' }
  } catch (error) {
    return { failed: ERRNO_TEXT[codeOf(error)] ?? codeOf(error) }
  }
}

/** Can the file be opened for appending? A file that is not there yet will be made when it is needed, not now. */
function requireAppendable(path: string): void {
  try {
    if (statSync(path).isDirectory()) throw errno('EISDIR')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || path === '') throw error
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
    return
  }
  accessSync(path, constants.W_OK)
}

function requireReadable(path: string): void {
  if (statSync(path).isDirectory()) throw errno('EISDIR')
  accessSync(path, constants.R_OK)
}

function requireDirectory(path: string): void {
  if (!statSync(path).isDirectory()) throw errno('ENOTDIR')
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : String(error)
}

/** As the C library words them, because the original prints its words. */
const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
  ERR_INVALID_ARG_VALUE: 'No such file or directory',
}

/** Without the file no service name is known; numbers still are. */
function readServices(path: string, bytesMax: number): ServiceNames {
  try {
    return new ServiceNames(readSmallFile(path, bytesMax).toString('latin1'))
  } catch {
    return new ServiceNames('')
  }
}

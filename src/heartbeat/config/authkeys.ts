/**
 * Reads authkeys into a key ring. No diagnostic ever holds a key: the lines of this file are never shown, and a word
 * is quoted only where a key cannot stand.
 */
import type { Diagnostic } from '../../syntax/diagnostic.js'
import { type ArgForm, type DirectiveTable, directive } from '../../syntax/directive.js'
import { isRefusal, oneOf } from './arg-forms.js'
import { type Line, linesOf, placeOf, type Word, wordsOf } from './lines.js'
import { Report } from './report.js'

export type AuthMethod = 'crc' | 'md5' | 'sha1'

export interface AuthKey {
  readonly number: number
  readonly method: AuthMethod
  /** Empty for crc. */
  readonly key: Uint8Array
  readonly line: number
}

export interface KeyRing {
  /** The number of the key that outgoing messages are signed with; null when the file names none that exists. */
  readonly signWith: number | null
  readonly keys: ReadonlyMap<number, AuthKey>
}

const AUTH_NUMBER_MAX = 15
const METHODS = ['crc', 'md5', 'sha1'] as const

const authNumber: ArgForm<number> = {
  form: '0-15',
  parse: text =>
    /^\d{1,9}$/.test(text) && Number(text) <= AUTH_NUMBER_MAX
      ? { value: Number(text) }
      : { wanted: `a number from 0 to ${AUTH_NUMBER_MAX}` },
}

export const authkeysDirectives = {
  auth: directive({
    arg: authNumber,
    default: null,
    repeat: 'last-wins',
    summary: 'number of the key that we sign with; must stand above that key',
    support: 'acts',
  }),
  'N METHOD [KEY]': directive({
    arg: oneOf(METHODS),
    default: null,
    repeat: 'accumulates',
    range: 'N 0-15; a number given again replaces the one before',
    summary: 'a key: sha1 and md5 are HMACs and want a key of one word; crc has none and signs nothing',
    original: method => `Invalid authtype [${method}]`,
    support: 'acts',
  }),
} satisfies DirectiveTable

export interface AuthkeysReading {
  readonly value: KeyRing
  readonly diagnostics: readonly Diagnostic[]
  readonly exitStatus: 0 | 6
}

/** A key may hold any bytes, so a text is one that was decoded as latin1: a character a byte. */
export function parseAuthkeys(
  content: Uint8Array | string,
  options: { readonly file: string },
): AuthkeysReading {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1')
  const report = new Report(options.file, true)
  const reader = new AuthkeysReader(report, options.file)
  // `#` starts a comment only at the start of a line: elsewhere it may be part of a key.
  for (const line of linesOf(text, 'whole-line')) if (line.text !== '') reader.readLine(line)
  return { value: reader.finish(), diagnostics: report.diagnostics(), exitStatus: report.exitStatus() }
}

/** The mode that the file should have. */
export const AUTHKEYS_MODE = 0o600

/** The original refuses a file that group or others may read; that they may write it is worth a word, too. */
export function checkMode(mode: number, file: string): Diagnostic[] {
  const report = new Report(file, true)
  const text = (mode & 0o7777).toString(8).padStart(3, '0')
  const help = `chmod 600 ${file}`
  if ((mode & 0o044) !== 0) {
    report.error(null, {
      code: 'authkeys-mode',
      message: `${file} wants mode 600; found ${text}: whoever can read the keys can control the cluster`,
      original: `Bad permissions on keyfile [${file}], 600 recommended.`,
      help,
    })
  } else if ((mode & 0o077) !== 0) {
    const message = `${file} wants mode 600; found ${text}`
    report.warning(null, { code: 'authkeys-mode', message, help })
  }
  return report.diagnostics()
}

/** A long number may be a key that slipped to the start of a line. */
function shown(number: number): string {
  return Math.abs(number) < 1000 ? String(number) : 'a larger one'
}

class AuthkeysReader {
  readonly #report: Report
  readonly #file: string
  readonly #keys = new Map<number, AuthKey>()
  readonly #keyWords = new Map<number, Word>()
  readonly #numbersRefused = new Set<number>()
  #auth: Word | null = null
  #authNumber: number | null = null
  #signWith: number | null = null
  /** An auth line that cannot be read has been reported; that it is missing need not be said, too. */
  #authSeen = false

  constructor(report: Report, file: string) {
    this.#report = report
    this.#file = file
  }

  readLine(line: Line): void {
    const words = wordsOf(line, 0, /\s+/y)
    const [first] = words
    if (first!.text.startsWith('a')) this.#readAuth(line, words)
    else this.#readKey(line, words)
  }

  #readAuth(line: Line, [word, number]: readonly Word[]): void {
    this.#authSeen = true
    const outcome = number === undefined ? { wanted: 'a number' } : authNumber.parse(number.text)
    const isAuth = word!.text === 'auth'
    if (isAuth && !isRefusal(outcome)) {
      if (this.#auth !== null) this.#authTwice(word!)
      this.#auth = number!
      this.#authNumber = outcome.value
      this.#signWith = null
      return
    }
    // Whether "auth" or the number is wrong, the rest of the line is not shown: it might be a misplaced key.
    const isNumber = isAuth && number !== undefined && /^\d{1,3}$/.test(number.text)
    this.#report.error(isAuth ? (number ?? word!) : placeOf(line, line.offset, word!.text.length), {
      code: 'bad-auth-line',
      message: isNumber
        ? `auth wants a number from 0 to ${AUTH_NUMBER_MAX}; found ${number.text}`
        : 'a line that begins with "a" wants to be "auth N"; found something else',
      original: isNumber ? `Invalid authnum [${number.text}] in ${this.#file}` : 'Invalid auth line [***',
      help: 'write "auth N" with the number of one of the key lines below it',
    })
  }

  #authTwice(word: Word): void {
    const first = this.#auth!.span.line
    const message = `auth is given twice (first at ${this.#file}:${first}); the last one counts`
    this.#report.warning(word, { code: 'given-twice', message, help: 'keep one of the two lines' })
  }

  #readKey(line: Line, words: readonly Word[]): void {
    const [first, method, key] = words
    const match = /^(-?\d+)(.*)$/.exec(first!.text)
    if (match === null || (match[2] === '' && method === undefined)) {
      this.#notAKeyLine(line)
      return
    }
    const number = Number(match[1])
    if (number < 0 || number > AUTH_NUMBER_MAX) {
      this.#report.error(first!, {
        code: 'bad-number',
        message: `a key line wants a number from 0 to ${AUTH_NUMBER_MAX}; found ${shown(number)}`,
        original: `Invalid authnum [${shown(number)}] in ${this.#file}`,
      })
      return
    }
    // "1x sha1 key" is read as number 1 with method x.
    if (match[2] !== '') {
      this.#badMethod(number, first!, null)
      return
    }
    const parsed = authkeysDirectives['N METHOD [KEY]'].arg.parse(method!.text)
    if (isRefusal(parsed)) {
      this.#badMethod(number, method!, parsed.help ?? null)
      return
    }
    this.#keepKey(number, parsed.value, method!, key)
  }

  #notAKeyLine(line: Line): void {
    this.#report.error(placeOf(line, line.offset, line.text.length), {
      code: 'bad-key-line',
      message: 'a line wants to be "auth N" or "N METHOD KEY"; found something else',
      original: 'Auth line [***] is invalid.',
      help: 'write for example "1 sha1 KEY", or put "#" before the line',
    })
  }

  #badMethod(number: number, word: Word, help: string | null): void {
    this.#numbersRefused.add(number)
    this.#report.error(word, {
      code: 'unknown-method',
      message: 'a key line wants the method crc, md5 or sha1 behind its number; found something else',
      original: 'Invalid authtype [***]',
      help: help ?? 'write "sha1"; the original knows no stronger method',
    })
  }

  #keepKey(number: number, method: AuthMethod, word: Word, key: Word | undefined): void {
    if (method === 'crc' ? key !== undefined : key === undefined) {
      this.#numbersRefused.add(number)
      this.#report.error(word, {
        code: 'key-wanted',
        message: method === 'crc' ? 'crc wants no key; found one' : `${method} wants a key; found none`,
        ...(method === 'crc' ? {} : { original: `Auth method [${method}] requires a key` }),
        help: method === 'crc' ? 'write "sha1" to sign with this key' : `write "${number} sha1 KEY"`,
      })
      return
    }
    const before = this.#keyWords.get(number)
    if (before !== undefined) {
      const message = `key ${number} is given twice (first at ${this.#file}:${before.span.line}); the last one counts`
      this.#report.warning(word, { code: 'given-twice', message, help: 'number the keys differently' })
    }
    this.#weak(method, word)
    this.#keyWords.set(number, word)
    this.#keys.set(number, {
      number,
      method,
      key: Buffer.from(key?.text ?? '', 'latin1'),
      line: word.span.line,
    })
    // The original looks the key up when it reads it, so an auth line below its key finds nothing.
    if (this.#authNumber === number) this.#signWith = number
  }

  #weak(method: AuthMethod, word: Word): void {
    if (method === 'sha1') return
    const message =
      method === 'crc'
        ? 'crc signs nothing: whoever reaches the network can control the cluster'
        : 'md5 is a weak signature'
    this.#report.warning(word, {
      code: 'weak-method',
      message,
      help: 'write "N sha1 KEY" with a long random key',
    })
  }

  finish(): KeyRing {
    if (!this.#authSeen) {
      this.#report.error(null, {
        code: 'no-auth',
        message: 'authkeys wants a line "auth N"; found none',
        original: `Missing auth directive in keyfile [${this.#file}]`,
        help: 'write "auth 1" above "1 sha1 KEY"',
      })
    } else if (this.#authNumber !== null && this.#signWith === null) {
      this.#report.error(this.#auth, {
        code: 'key-not-found',
        message: this.#whyNoKey(this.#authNumber),
        original: `Auth Key [${this.#authNumber}] not found in keyfile [${this.#file}]`,
        help: `write "${this.#authNumber} sha1 KEY" below it`,
      })
    }
    return { signWith: this.#signWith, keys: this.#keys }
  }

  #whyNoKey(number: number): string {
    const above = this.#keyWords.get(number)
    if (above !== undefined)
      return `auth ${number} wants to stand above key ${number}; found that key in line ${above.span.line}`
    const refused = this.#numbersRefused.has(number)
    return `auth ${number} wants a key line ${number}; found ${refused ? 'one that cannot be read' : 'none'}`
  }
}

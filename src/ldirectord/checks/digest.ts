/**
 * `receivedigest`: the digest that an answer must have, over all of it and not only over the part that `receive` sees.
 * MD5, as keepalived's genhash prints it, tells a changed page; who fears a forged one writes SHA-256.
 */
import { createHash, type Hash, timingSafeEqual } from 'node:crypto'
import { type Digests, failed, type Outcome, type Probe } from './check.js'

type Name = keyof Digests
const NAMES: readonly Name[] = ['md5', 'sha256']
const MD5_DIGITS = 32

export class AnswerDigest {
  readonly #wanted: string | null
  readonly #wantedName: Name
  readonly #hashes: readonly (readonly [Name, Hash])[]

  constructor({ receivedigest, showDigest }: Pick<Probe, 'receivedigest' | 'showDigest'>) {
    this.#wanted = receivedigest
    this.#wantedName = receivedigest?.length === MD5_DIGITS ? 'md5' : 'sha256'
    const names = showDigest ? NAMES : receivedigest === null ? [] : [this.#wantedName]
    this.#hashes = names.map(name => [name, createHash(name)])
  }

  update(chunk: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(chunk)
  }

  /** The verdict where a digest is demanded, and the digests where they are asked for. To be called once. */
  judge(outcome: Outcome): Outcome {
    if (this.#hashes.length === 0) return outcome
    const found: Digests = { md5: '', sha256: '' }
    for (const [name, hash] of this.#hashes) found[name] = hash.digest('hex')
    const digests = this.#hashes.length === NAMES.length ? { digests: found } : {}
    if (!outcome.passed || this.#wanted === null || isSame(found[this.#wantedName], this.#wanted))
      return { ...outcome, ...digests }
    const sentence = `its ${this.#wantedName} digest is ${found[this.#wantedName]}, not receivedigest`
    return { ...outcome, ...failed('L7CONTENT', `${outcome.detail}, but ${sentence}`), ...digests }
  }
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

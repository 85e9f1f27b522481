/**
 * The locks of a run on every host and every director, taken in one order and renewed while the run lasts. A lock of
 * another run is only replaced when its time is over and its owner, known on this machine, is gone.
 */
import { hostname } from 'node:os'
import { LOCK, RENEW, STATUS, UNLOCK } from '../plan/scripts.js'
import { hasEnded } from './journal-file.js'
import { isRunning, ownIdentity } from './local-lock.js'
import { deployTo, type Session } from './session.js'
import type { ScriptResult, Shell } from './shell.js'

export interface LockText {
  readonly run: string
  readonly owner: string
  readonly machine: string
  readonly pid: number
  readonly startTicks: string
  readonly since: string
  readonly ttl: number
  readonly message: string
  /** The hosts that the run works on; absent: it does not work. */
  readonly hosts?: readonly string[]
}

export interface LockPlace {
  readonly shell: Shell
  readonly folder: string
}

export type Taken =
  | { readonly kind: 'taken'; readonly locks: RemoteLocks }
  | { readonly kind: 'held'; readonly where: string; readonly by: string }
  | { readonly kind: 'failed'; readonly why: string }

/** The run of `ha-deploy lock`: it keeps releases away, not an administrator's hands. */
export const BY_HAND = 'by-hand'

class RemoteLocks {
  readonly #places: readonly LockPlace[]
  readonly #text: LockText
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | null = null

  constructor(places: readonly LockPlace[], text: LockText, timeoutMs: number) {
    this.#places = places
    this.#text = text
    this.#timeoutMs = timeoutMs
  }

  /** `onLost` hears of a lock that somebody else has by now; `also` is done whenever the locks are renewed. */
  keep(onLost: (sentence: string) => void, also: () => Promise<void>): void {
    const renew = async (): Promise<void> => {
      const text = { ...this.#text, since: new Date().toISOString() }
      const words = [JSON.stringify(text), text.run, uniqueWord(text)]
      const renewed = Promise.all(
        this.#places.map(async ({ shell, folder }) => ({
          name: shell.name,
          ...(await shell.run(RENEW, [folder, ...words], this.#timeoutMs)),
        })),
      )
      await also()
      const lost = (await renewed).find(({ status }) => status === STATUS.locked)
      if (lost === undefined) return
      const how = lost.stdout === '' ? 'taken away' : `taken by ${describeLock(readLock(lost.stdout))}`
      onLost(`the lock on ${lost.name} was ${how}`)
    }
    this.#timer = setInterval(() => void renew(), (this.#text.ttl * 1000) / 3)
    this.#timer.unref()
  }

  async release(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await Promise.all(
      this.#places.map(({ shell, folder }) => shell.run(UNLOCK, [folder, this.#text.run], this.#timeoutMs)),
    )
  }
}

const lockOne = ({ shell, folder }: LockPlace, text: LockText, replaces: string, timeoutMs: number) =>
  shell.run(LOCK, [folder, JSON.stringify(text), text.run, replaces, uniqueWord(text)], timeoutMs)

const uniqueWord = ({ run }: LockText): string => `${run}.${process.pid}`

/** Hosts in the order of their names, then directors: two runs that want the same ones meet at the first. */
function placesOf(session: Session, hosts: readonly string[]): LockPlace[] {
  const web = [...hosts].sort().map(name => ({
    shell: session.shells.get(name)!,
    folder: deployTo(session, name),
  }))
  return [...web, ...session.drain.lockPlaces()]
}

/**
 * The first in order alone, then the others side by side: two runs that want the same places meet at the first.
 * `lenient`: a place that cannot be reached is left out, because a run that was interrupted must come to an end although
 * a machine has died; the steps find out what that means.
 */
export async function takeLocks(
  session: Session,
  hosts: readonly string[],
  run: string,
  message: string,
  lenient: boolean,
): Promise<Taken> {
  const { deploy, ssh } = session.config
  const timeoutMs = ssh.timeout * 2_000
  const text: LockText = {
    run,
    ...ownIdentity(),
    owner: process.env.SUDO_USER ?? process.env.USER ?? String(process.getuid?.() ?? ''),
    machine: hostname(),
    since: new Date().toISOString(),
    ttl: deploy.lock_ttl,
    message,
    ...(run !== BY_HAND && { hosts }),
  }
  const [first, ...others] = placesOf(session, hosts)
  const taken: LockPlace[] = []
  for (const group of [first === undefined ? [] : [first], others]) {
    const tried = await Promise.all(
      group.map(async place => ({ place, result: await takeOne(session, place, text, timeoutMs) })),
    )
    taken.push(...tried.filter(({ result }) => result.ok).map(({ place }) => place))
    const failed = tried.find(({ result }) => !result.ok && !(lenient && result.status === null))
    if (failed === undefined) continue
    await new RemoteLocks(taken, text, timeoutMs).release()
    const { place, result } = failed
    if (result.status !== STATUS.locked) return { kind: 'failed', why: result.why }
    return { kind: 'held', where: place.shell.name, by: describeLock(readLock(result.stdout)) }
  }
  return { kind: 'taken', locks: new RemoteLocks(taken, text, timeoutMs) }
}

async function takeOne(
  session: Session,
  place: LockPlace,
  text: LockText,
  timeoutMs: number,
): Promise<ScriptResult> {
  const result = await lockOne(place, text, '', timeoutMs)
  const other = result.status === STATUS.locked ? readLock(result.stdout) : null
  return other !== null && isStale(session, other) ? lockOne(place, text, other.run, timeoutMs) : result
}

export function readLock(text: string): LockText | null {
  try {
    return JSON.parse(text.replace(/^lock /, '')) as LockText
  } catch {
    return null // written by something else: it is a lock all the same
  }
}

export function describeLock(lock: LockText | null): string {
  if (lock === null) return 'a lock that ha-deploy did not write'
  const message = lock.message === '' ? '' : `: ${lock.message}`
  return `run ${lock.run} of ${lock.owner} on ${lock.machine} since ${lock.since}${message}`
}

/**
 * The owner ran here and is gone, and its time is over, or its journal says that its run has ended: it could not reach
 * this place at its end. Of another machine's processes nothing is known.
 */
function isStale({ stateFolder }: Session, lock: LockText): boolean {
  if (lock.machine !== hostname() || isRunning(lock)) return false
  const isOver = Date.now() - Date.parse(lock.since) > lock.ttl * 1000
  return isOver || hasEnded(stateFolder, lock.run)
}

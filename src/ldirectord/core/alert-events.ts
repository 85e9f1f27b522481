/** From what happened to what is mailed: recipients and filters of the file, and the further lines of emailalertdetail. */
import type { LdirectordConfig } from '../config/model.js'
import { canonicalAddress } from './address.js'
import { canonicalKey, realDestination } from './desired.js'
import type { Director } from './director.js'
import { type DaemonStatus, type MailEvent, mailSettings } from './mail.js'
import { type Edit, endpoint } from './table.js'

/** null: nobody wants to know. */
export function mailEvent(
  config: LdirectordConfig,
  virtual: number | null,
  text: string,
  status: DaemonStatus,
  details: () => readonly string[],
): MailEvent | null {
  const { route, emailalertstatus, servicename, comment } = mailSettings(config, virtual)
  if (route === null || !emailalertstatus.includes(status)) return null
  return { route, status, text, servicename, comment, details: config.emailalertdetail ? details() : [] }
}

/**
 * With emailalertowner=yes the director that has the address of the virtual service tells of it, so two that run side
 * by side do not tell twice. A mark, and a service that is not in the file any more, have no address: for them any
 * address of the file counts, and where the file has none at all everybody tells.
 *
 * @param localAddresses asked only where it matters: to list them takes as long as ten edits of the table
 */
export function isOursToMail(
  { emailalertowner, virtuals }: LdirectordConfig,
  virtual: number | null,
  localAddresses: () => ReadonlySet<string>,
): boolean {
  if (!emailalertowner) return true
  const addressesOf = (some: LdirectordConfig['virtuals']): string[] =>
    some.flatMap(({ key }) => (key.protocol === 'fwm' ? [] : [canonicalAddress(key.address)]))
  const own = virtual === null ? [] : addressesOf([virtuals[virtual]!])
  const wanted = own.length > 0 ? own : addressesOf(virtuals)
  if (wanted.length === 0) return true
  const local = localAddresses()
  return wanted.some(address => local.has(address))
}

/** Why the server of this edit changed, and how long it was down before it came up. */
export function detailsOf(
  config: LdirectordConfig,
  director: Director,
  virtual: number | null,
  edit: Edit,
): string[] {
  if (virtual === null || !('destination' in edit)) return []
  const { key: written, reals } = config.virtuals[virtual]!
  const key = canonicalKey(written)
  const place = endpoint(edit.destination.address, edit.destination.port)
  const real = reals.findIndex(candidate => {
    const { address, port } = realDestination(key, candidate, 0)
    return endpoint(address, port) === place
  })
  if (real < 0) return []
  const { health, because, beforeMs, drain } = director.state({ virtual, real })
  if (drain !== null)
    return [`Reason: drained by ${drain.who}${drain.reason === '' ? '' : `: ${drain.reason}`}`]
  const wasDown = health === 'up' && beforeMs !== null
  return [`Reason: ${because}`, ...(wasDown ? [`Was down for: ${durationText(beforeMs)}`] : [])]
}

/** `42 s`, `3 min 10 s`, `2 h 5 min`, `4 d 1 h`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const pairs: readonly [number, string, number, string][] = [
    [86_400, 'd', 3_600, 'h'],
    [3_600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ]
  for (const [big, bigName, small, smallName] of pairs) {
    if (seconds < big) continue
    const rest = Math.floor((seconds % big) / small)
    return `${Math.floor(seconds / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
  }
  return `${seconds} s`
}

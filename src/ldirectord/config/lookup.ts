/** Texts of the file to addresses and ports: literals by themselves, names through the resolutions. */
import { canBeName, literalAddress, withoutBrackets } from './host-text.js'
import { answerOf, type Resolutions } from './resolutions.js'
import type { Protocol } from './service-names.js'

export type Lookup<T> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'unasked' }

const UNASKED = { state: 'unasked' } as const

export function lookUpHost(host: string, family: 4 | 6, resolutions: Resolutions | null): Lookup<string> {
  const literal = literalAddress(host, family)
  if (literal !== null) return { state: 'known', value: literal }
  const name = withoutBrackets(host)
  if (!canBeName(name))
    return { state: 'failed', reason: `"${host}" is neither a name nor an IPv${family} address` }
  const answer = answerOf(resolutions, { kind: 'host', family, name })
  if (answer === undefined) return UNASKED
  return 'value' in answer
    ? { state: 'known', value: answer.value }
    : { state: 'failed', reason: answer.failed }
}

export function lookUpPort(
  text: string,
  protocol: Protocol,
  resolutions: Resolutions | null,
): Lookup<number> {
  if (/^\d+$/.test(text)) {
    const value = Number(text)
    return value <= 65535 ? { state: 'known', value } : { state: 'failed', reason: 'a port is at most 65535' }
  }
  if (protocol === 'fwm')
    return { state: 'failed', reason: 'a firewall mark has no service names; write the number' }
  if (resolutions === null) return UNASKED
  const value = resolutions.services.port(text, protocol)
  const where = protocol === 'any' ? '' : ` for ${protocol}`
  return value === null
    ? { state: 'failed', reason: `/etc/services has no "${text}"${where}` }
    : { state: 'known', value }
}

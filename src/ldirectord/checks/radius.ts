/** `service=radius`: up when the server accepts login and passwd and its answer is signed with the secret. */
import { randomBytes, randomInt } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { type Check, failed, type Outcome, passed } from './check.js'
import {
  encodeAccessRequest,
  LOGIN_BYTES_MAX,
  PASSWD_BYTES_MAX,
  type RadiusAnswer,
  readAnswer,
} from './core/radius-packet.js'
import { askDatagram } from './datagram.js'

const ACCEPT = 2
const ANSWERS: Readonly<Record<number, string>> = { 3: 'Access-Reject', 11: 'Access-Challenge' }

export const checkRadius: Check = async (probe, signal, progress) => {
  const { login, passwd, secret } = probe
  if (Buffer.byteLength(login) > LOGIN_BYTES_MAX || Buffer.byteLength(passwd) > PASSWD_BYTES_MAX)
    return failed(
      'ERROR',
      `RADIUS allows ${LOGIN_BYTES_MAX} bytes of login and ${PASSWD_BYTES_MAX} of passwd`,
    )
  return askDatagram(probe, { signal, progress, isRepeated: true }, local => {
    const request = encodeAccessRequest({
      identifier: randomInt(256),
      authenticator: randomBytes(16),
      login,
      passwd,
      secret,
      nasAddress: isIPv4(local.address) ? Uint8Array.from(local.address.split('.'), Number) : null,
    })
    return { request, read: datagram => verdict(readAnswer(datagram, request, secret)) }
  })
}

function verdict(answer: RadiusAnswer): Outcome | null {
  if (answer.kind === 'foreign') return null
  if (answer.kind === 'unsigned') return failed('L7RSP', 'the answer is not signed with our secret')
  if (answer.code === ACCEPT) return passed('Access-Accept')
  return failed('L7STS', ANSWERS[answer.code] ?? `answer code ${answer.code}`)
}

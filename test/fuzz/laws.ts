/** What must hold of every message that a decoder has let in. */
import { decodeClassic, encodeClassic } from '../../src/heartbeat/wire/classic.js'
import { messageFault } from '../../src/heartbeat/wire/fields.js'
import {
  type FieldValue,
  isRefusal,
  type Message,
  messageBytesMax,
} from '../../src/heartbeat/wire/message.js'
import { decodeNetstring, encodeNetstring } from '../../src/heartbeat/wire/netstring.js'

const plain = (value: FieldValue): string => {
  if (typeof value === 'string') return `s${value}`
  const [type, bytes] = value instanceof Uint8Array ? [1, value] : [value.type, value.raw]
  return `${type}${Buffer.from(bytes).toString('latin1')}`
}

/** Equal for equal messages only. */
export const textOf = (message: Message): string =>
  message.fields.map(({ name, value }) => `${name}=${plain(value).length}:${plain(value)}`).join('\n')

/** Bytes 15 to 31 stand for newlines in the line form, which cannot carry them as themselves. */
const survivesClassic = (message: Message): boolean =>
  message.fields.every(({ value }) => typeof value === 'string' && !/[\x0f-\x1f]/.test(value))

export function checkRoundTrips(message: Message): void {
  const fault = messageFault(message)
  if (fault !== null) throw new Error(`a decoded message cannot be written: ${fault}`)
  const netstring = encodeNetstring(message)
  const again = netstring.length > messageBytesMax ? null : decodeNetstring(netstring)
  if (again !== null && (isRefusal(again) || textOf(again.message) !== textOf(message)))
    throw new Error('a decoded message is another one after the netstring form')
  const classic = encodeClassic(message)
  if (!survivesClassic(message) || classic.length > messageBytesMax) return
  const twin = decodeClassic(classic)
  if (isRefusal(twin) || textOf(twin) !== textOf(message))
    throw new Error('a decoded message is another one after the line form')
}

/**
 * One line for ha_logd, the logging daemon of cluster-glue, as its clients write it to the socket log_daemon: two words
 * that frame every message, then a structure with fixed places, then the text with a zero behind it. Recorded from
 * heartbeat 3.0.6 and ha_logger on x86-64; the order of bytes is the machine's.
 */
import { syslogPriority } from './formats.js'
import { type LogRecord, oneLine } from './record.js'

const MAGIC = 0xabcd
const FRAME_BYTES = 8
const TEXT_MESSAGE = 2
const ENTITY_BYTES = 64
const HEAD_BYTES = 6 * 4 + ENTITY_BYTES + 8
/** ha_logd takes 64 KiB a message at most. */
const TEXT_BYTES_MAX = 4_096

export interface LogdLine {
  readonly record: LogRecord
  /** 0 to 23, as in syslog. */
  readonly facility: number
  /** Who speaks, such as `heartbeat` or `ResourceManager(default)[78]`; ha_logd puts the pid behind it. */
  readonly entity: string
  readonly pid: number
  /** ha_logd writes the word of the level in front of the text. Scripts have written it themselves. */
  readonly namesLevel: boolean
}

const isLittle = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

export function logdFrame({ record, facility, entity, pid, namesLevel }: LogdLine): Buffer {
  const text = Buffer.from(oneLine(record.text)).subarray(0, TEXT_BYTES_MAX)
  const bytes = Buffer.alloc(FRAME_BYTES + HEAD_BYTES + text.length + 1)
  const word = (at: number, value: number): void => {
    if (isLittle) bytes.writeUInt32LE(value, at)
    else bytes.writeUInt32BE(value, at)
  }
  const severity = syslogPriority(record.level, 0)
  const words = [
    ...[HEAD_BYTES + text.length + 1, MAGIC],
    ...[TEXT_MESSAGE, facility * 8, severity, text.length + 1, namesLevel ? 1 : 0, pid],
  ]
  for (const [index, value] of words.entries()) word(index * 4, value)
  const entityAt = words.length * 4
  Buffer.from(entity).copy(bytes, entityAt, 0, ENTITY_BYTES - 1)
  const seconds = BigInt(Math.floor(record.atMs / 1_000))
  if (isLittle) bytes.writeBigInt64LE(seconds, entityAt + ENTITY_BYTES)
  else bytes.writeBigInt64BE(seconds, entityAt + ENTITY_BYTES)
  text.copy(bytes, FRAME_BYTES + HEAD_BYTES)
  return bytes
}

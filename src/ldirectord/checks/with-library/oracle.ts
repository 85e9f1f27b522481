/**
 * `service=oracle`: logs in to the database (a SID, as in the original), runs the request and is up when it gives at
 * least one row. The library makes its connection itself, so it is given a door on loopback, open for that one
 * connection, whose other side is ours: deadline, limits and the way a connection fails are those of the other checks.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import oracledb from 'oracledb'
import { type Check, failed, type Outcome, type Probe, passed } from '../check.js'
import { said } from '../said.js'
import { missingSettings, statementOf } from '../sql.js'
import { expectStart, limitBytes, opened, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'

const ANSWER_BYTES_MAX = 1_048_576
/** Packets that may answer a connect: accept, refuse, resend, data, marker (type at offset 4, after length and checksum). */
const FIRST_TYPES = [2, 4, 11, 6, 12]
const TYPE_OFFSET = 4
const REDIRECT = 5
/** What a listener or a database says, of which each number is a sentence; all else is broken protocol. */
const REFUSAL = /^(ORA-\d+|NJS-51[1789])\b/
const SID = /^[\w.$#-]{1,64}$/

export const checkOracle: Check = async (probe, signal, progress) => {
  const missing = missingSettings(probe)
  if (missing) return missing
  if (!SID.test(probe.database)) return failed('ERROR', 'service=oracle needs a database: its SID')
  const stream = startStream(probe, { secure: null, signal, progress })
  let door: Server | null = null
  try {
    await opened(stream, false)
    limitBytes(stream, ANSWER_BYTES_MAX)
    stream.once('data', (first: Buffer) => {
      if (first[TYPE_OFFSET] === REDIRECT)
        stream.destroy(protocolFault('the listener sends the check to another address'))
    })
    expectStart(stream, 'Oracle Net', first => first.length <= TYPE_OFFSET || isAnswer(first))
    door = await doorTo(stream)
    return await firstRow((door.address() as AddressInfo).port, probe)
  } catch (error) {
    throw stream.errored ?? error
  } finally {
    door?.close()
    stream.destroy()
  }
}

const isAnswer = (first: Buffer): boolean =>
  FIRST_TYPES.includes(first[TYPE_OFFSET]!) || first[TYPE_OFFSET] === REDIRECT

/** Listens on loopback for one connection, and joins it with the stream for as long as both live. */
async function doorTo(stream: Socket): Promise<Server> {
  const door = createServer(socket => {
    door.close()
    socket.on('error', () => {})
    // A server that is of another protocol may be hung up on before the library comes through the door.
    if (stream.destroyed) socket.destroy()
    stream.once('close', () => socket.destroy())
    socket.once('close', () => stream.destroy())
    stream.pipe(socket)
    socket.pipe(stream)
  })
  door.maxConnections = 1
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return door
}

async function firstRow(port: number, probe: Probe): Promise<Outcome> {
  // The check's own deadline ends it; that of the library comes later, or it could be taken for a server that hangs up.
  const seconds = Math.ceil(probe.timeoutMs / 1000) + 5
  const address = `(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT=${port}))`
  const limits = `(CONNECT_TIMEOUT=${seconds})(TRANSPORT_CONNECT_TIMEOUT=${seconds})`
  const target = `(CONNECT_DATA=(SID=${probe.database}))`
  try {
    const connection = await oracledb.getConnection({
      user: probe.login,
      password: probe.passwd,
      connectString: `(DESCRIPTION=${limits}${address}${target})`,
    })
    const { rows, rowsAffected } = await connection.execute(statementOf(probe), [], { maxRows: 1 })
    return rows?.length || rowsAffected
      ? passed('the query gives a row')
      : failed('L7CONTENT', 'the query gives no row')
  } catch (error) {
    const message = sentenceOf(error as Error, port)
    if (REFUSAL.test(message)) return failed('L7STS', said(message, probe))
    throw protocolFault(
      /^NJS-5(00|01|21)\b/.test(message) ? 'closed before the answer was complete' : said(message, probe),
    )
  }
}

/** Without the place of the door, and the marks by which an Oracle administrator would look for the connection. */
const sentenceOf = ({ message }: Error, port: number): string =>
  message
    .split('\n')[0]!
    .replaceAll(` at host 127.0.0.1 port ${port}`, '')
    .replace(/ \(CONNECTION_ID=[^)]*\)/, '')

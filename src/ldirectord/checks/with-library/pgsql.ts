/**
 * `service=pgsql`: logs in, runs the request once and is up when it gives (or changes) at least one row. As with the
 * original's client library TLS is used where the server offers it (sslmode=prefer), unverified.
 */
import type { Socket } from 'node:net'
import { connect as startTls } from 'node:tls'
import pg from 'pg'
import { type Check, failed, type Outcome, type Probe, passed } from '../check.js'
import { said } from '../said.js'
import { missingSettings, statementOf } from '../sql.js'
import { limitBytes, opened, type StreamOptions, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'

const ANSWER_BYTES_MAX = 1_048_576
/** Its length and the number 80877103 (PostgreSQL, message formats). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

export const checkPgsql: Check = async (probe, signal, progress) => {
  const missing = missingSettings(probe)
  if (missing) return missing
  const options = { secure: null, signal, progress }
  const plain = startStream(probe, options)
  let stream = plain
  try {
    await opened(plain, false)
    stream = await preferTls(plain, options)
    return await firstRow(stream, probe)
  } catch (error) {
    throw stream.errored ?? plain.errored ?? error
  } finally {
    stream.destroy()
    plain.destroy()
  }
}

async function preferTls(plain: Socket, { progress, signal }: StreamOptions): Promise<Socket> {
  plain.write(SSL_REQUEST)
  const answer = await firstBytes(plain)
  if (answer === 'N') return plain
  // Bytes behind the S would be unencrypted ones that somebody slipped in.
  if (answer !== 'S') throw protocolFault('the answer is not PostgreSQL')
  progress.reached = 'securing'
  const secured = startTls({ socket: plain, rejectUnauthorized: false })
  secured.on('error', () => {})
  signal.addEventListener('abort', () => secured.destroy(), { once: true })
  await opened(secured, true)
  progress.reached = 'asking'
  return secured
}

function firstBytes(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(protocolFault('closed before the answer was complete'))
    socket.once('close', closed)
    socket.once('end', closed)
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      socket.off('close', closed)
      socket.off('end', closed)
      resolve(chunk.toString('latin1'))
    })
  })
}

/** The client connects its stream itself; this one is connected. */
function alreadyOpen(stream: Socket): Socket {
  stream.connect = () => {
    queueMicrotask(() => {
      stream.emit('connect')
      stream.resume()
    })
    return stream
  }
  return stream
}

function firstRow(stream: Socket, probe: Probe): Promise<Outcome> {
  const client = new pg.Client({
    stream: () => alreadyOpen(stream),
    host: probe.address,
    port: probe.port,
    user: probe.login,
    // A function, so that no password file of this machine is read where passwd is empty.
    password: () => probe.passwd,
    database: probe.database === '' ? probe.login : probe.database,
    ssl: false,
    application_name: 'ldirectord',
  })
  limitBytes(stream, ANSWER_BYTES_MAX)
  return new Promise((resolve, reject) => {
    const fault = (error: Error): void => {
      if (error instanceof pg.DatabaseError && error.severity !== undefined)
        resolve(failed('L7STS', said(error.message, probe)))
      else if ((error as NodeJS.ErrnoException).code?.startsWith('E')) reject(error)
      else reject(protocolFault(said(error.message, probe)))
    }
    client.on('error', fault)
    client.connect().then(() => {
      const query = new pg.Query(statementOf(probe))
      query.on('error', fault)
      query.on('row', () => resolve(passed('the query gives a row')))
      query.on('end', ({ rowCount }) =>
        resolve(rowCount ? passed('the query gives a row') : failed('L7CONTENT', 'the query gives no row')),
      )
      client.query(query)
    }, fault)
  })
}

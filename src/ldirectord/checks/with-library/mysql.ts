/**
 * `service=mysql`: logs in, runs the request once and is up when it gives (or changes) at least one row. The first
 * row decides, so that a large table is not read.
 */
import { createConnection, type ResultSetHeader } from 'mysql2'
import { type Check, failed, type Outcome, type Probe, passed } from '../check.js'
import { said } from '../said.js'
import { missingSettings, statementOf } from '../sql.js'
import { expectStart, limitBytes, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'

const ANSWER_BYTES_MAX = 1_048_576

export const checkMysql: Check = async (probe, signal, progress) => {
  const missing = missingSettings(probe)
  if (missing) return missing
  const stream = startStream(probe, { secure: null, signal, progress })
  const connection = createConnection({
    stream,
    user: probe.login,
    password: probe.passwd,
    ...(probe.database !== '' && { database: probe.database }),
    connectTimeout: probe.timeoutMs,
    flags: ['-LOCAL_FILES'],
  })
  limitBytes(stream, ANSWER_BYTES_MAX)
  // A packet is its length in three bytes, its number, then a version or an error.
  expectStart(
    stream,
    'MySQL',
    first => first.length < 5 || (first[3] === 0 && /[\n\xff]/.test(byte(first, 4))),
  )
  try {
    return await firstRow(connection, probe)
  } catch (error) {
    throw stream.errored ?? error
  } finally {
    connection.destroy()
    stream.destroy()
  }
}

const byte = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, at + 1)

type Connection = ReturnType<typeof createConnection>

function firstRow(connection: Connection, probe: Probe): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const fault = (error: NodeJS.ErrnoException & { sqlState?: string }): void => {
      if (error.sqlState !== undefined) resolve(failed('L7STS', said(error.message, probe)))
      else if (error.code === 'PROTOCOL_CONNECTION_LOST')
        reject(protocolFault('closed before the answer was complete'))
      else reject(error.code?.startsWith('E') ? error : protocolFault(said(error.message, probe)))
    }
    connection.on('error', fault)
    const query = connection.query(statementOf(probe))
    query.on('error', fault)
    query.on('result', (row: unknown) => {
      // What is no SELECT ends with a count instead of rows.
      if (isCount(row) && row.affectedRows === 0) return
      resolve(passed('the query gives a row'))
    })
    query.on('end', () => resolve(failed('L7CONTENT', 'the query gives no row')))
  })
}

const isCount = (row: unknown): row is ResultSetHeader =>
  typeof row === 'object' && row !== null && 'affectedRows' in row && 'serverStatus' in row

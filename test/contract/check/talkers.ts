/**
 * Servers that speak the protocols of the checks as far as a check hears them, rightly or as the replies say: for the
 * recorded cases and for the contract. What they say follows the RFCs and the manuals of the servers.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { datagramServer, lineServer, onceServer, type Replies } from './line-server.js'
import { type Script, serve } from './scripted-server.js'

/** Where it listens; 127.0.0.1 in plain text where nothing is said. */
export interface At {
  readonly tls?: boolean
  readonly address?: string
}

export interface Server {
  readonly port: number
  readonly sent: (string | Buffer)[]
  close(): Promise<void>
}

export const SMTP: Replies = [
  [/^EHLO/, '250-mail\r\n250 SIZE\r\n'],
  [/^HELO/, '250 mail\r\n'],
  [/^QUIT/, '221 bye\r\n'],
]
export const POP: Replies = [
  [/^USER/, '+OK\r\n'],
  [/^(PASS|APOP)/, '+OK in\r\n'],
  [/^QUIT/, '+OK bye\r\n'],
]
export const STAMPED = '+OK ready <1896.697170952@x>\r\n'
export const imap =
  (login: string, greeting = '* OK ready\r\n') =>
  (at?: At): Promise<Server> =>
    lineServer(
      greeting,
      [
        [/^(\S+) LOGIN/, `$1 ${login}\r\n`],
        [/^(\S+) LOGOUT/, '* BYE\r\n$1 OK\r\n'],
      ],
      at,
    )
export const lines =
  (greeting: string, replies: Replies) =>
  (at?: At): Promise<Server> =>
    lineServer(greeting, replies, at)
export const answersOnce =
  (reply: string) =>
  (at?: At): Promise<Server> =>
    onceServer(() => Buffer.from(reply, 'latin1'), at)
export const udp =
  (reply: (request: Buffer) => Uint8Array) =>
  (at?: At): Promise<Server> =>
    datagramServer(request => [reply(request)], at?.address)

export function ftp(content: string, { greeting = '220 ready\r\n', login = '230 in\r\n' } = {}) {
  return async (at?: At): Promise<Server> => {
    const data = createServer(socket => socket.end(content)).listen(0, at?.address ?? '127.0.0.1')
    await once(data, 'listening')
    const { port } = data.address() as AddressInfo
    const replies: Replies = [
      [/^USER/, '331 password\r\n'],
      [/^PASS/, login],
      [/^CWD/, '250 ok\r\n'],
      [/^TYPE/, '200 ok\r\n'],
      [/^EPSV/, `229 Extended (|||${port}|)\r\n`],
      [/^PASV/, `227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255}).\r\n`],
      [/^RETR/, '150 here\r\n226 done\r\n'],
      [/^QUIT/, '221 bye\r\n'],
    ]
    const server = await lineServer(greeting, replies, at)
    const close = async (): Promise<void> => {
      data.close()
      await server.close()
    }
    return { port: server.port, sent: server.sent, close }
  }
}

/** Answers a bind (0x60) and a search (0x63) as the recorder's server did. */
export function ldap(entries: readonly string[], bindCode = 0) {
  return async (at?: At): Promise<Server> => {
    const sent: string[] = []
    const server = await serve(
      socket => {
        const index = sent.push('') - 1
        socket.on('data', (data: Buffer) => {
          sent[index] += data.toString('latin1')
          const [id = 0, operation] = [data[4], data[5]]
          const done = (type: number, code: number): Buffer =>
            Buffer.from([0x30, 12, 2, 1, id, type, 7, 10, 1, code, 4, 0, 4, 0])
          if (operation === 0x60) socket.write(done(0x61, bindCode))
          if (operation !== 0x63) return
          for (const name of entries) {
            const dn = Buffer.from(name)
            const body = Buffer.concat([Buffer.from([4, dn.length]), dn, Buffer.from([0x30, 0])])
            const head = Buffer.from([0x30, body.length + 5, 2, 1, id, 0x64, body.length])
            socket.write(Buffer.concat([head, body]))
          }
          socket.write(done(0x65, 0))
        })
      },
      { ...at, atOnce: true },
    )
    return { port: server.port, sent, close: server.close }
  }
}

export const A = (...bytes: number[]): readonly [number, Buffer] => [1, Buffer.from(bytes)]
export const PTR = [12, Buffer.from('\x04mail\x07example\x03org\0')] as const
export const AAAA = [28, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])] as const

export const dns =
  (answers: readonly (readonly [type: number, data: Buffer])[], rcode = 0) =>
  (query: Buffer): Buffer => {
    const end = query.indexOf(0, 12) + 5
    const head = Buffer.from([0x81, 0x80 | rcode, 0, 1, 0, answers.length, 0, 0, 0, 0])
    const records = answers.map(([type, data]) =>
      Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]), data]),
    )
    return Buffer.concat([query.subarray(0, 2), head, query.subarray(12, end), ...records])
  }
export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])

/** The signature of RFC 2865, section 3. */
export const radius =
  (code: number, secret = 'sesame') =>
  (request: Buffer): Buffer => {
    const head = Buffer.from([code, request[1]!, 0, 20])
    const signed = Buffer.concat([head, request.subarray(4, 20), Buffer.from(secret)])
    return Buffer.concat([head, createHash('md5').update(signed).digest()])
  }

export const SIP_OK = 'SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 0\r\n\r\n'
export const WEB_OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'

/** The first packets of MySQL's protocol: its length in three bytes, its number, what it holds. */
const mysqlPacket = (number: number, ...parts: readonly (string | readonly number[])[]): Buffer => {
  const body = Buffer.concat(parts.map(part => Buffer.from(part as string, 'latin1')))
  return Buffer.concat([Buffer.from([body.length, body.length >> 8, 0, number]), body])
}
export const MYSQL_HANDSHAKE = mysqlPacket(
  0,
  [10],
  '8.0.36\0',
  [1, 0, 0, 0],
  'saltsalt\0',
  // PROTOCOL_41, SECURE_CONNECTION, CONNECT_WITH_DB; utf8; autocommit; PLUGIN_AUTH; the length of the salt.
  [0x08, 0x82, 33, 2, 0, 0x08, 0, 21],
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  'saltsaltsalt\0mysql_native_password\0',
)
const MYSQL_END = [0xfe, 0, 0, 2, 0] as const

/** Takes every login, and answers every statement with one column and these rows. */
export function mysql(rows: readonly string[]) {
  return async (at?: At): Promise<Server> => {
    const script: Script = socket => {
      socket.write(MYSQL_HANDSHAKE)
      socket.once('data', () => {
        socket.write(mysqlPacket(2, [0, 0, 0, 2, 0, 0, 0]))
        socket.once('data', () => {
          const column = mysqlPacket(2, '\x03def\0\0\0\x011\0\x0c', [63, 0, 4, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0])
          const last = 4 + rows.length
          socket.write(
            Buffer.concat([
              mysqlPacket(1, [1]),
              column,
              mysqlPacket(3, MYSQL_END),
              ...rows.map((row, n) => mysqlPacket(4 + n, [row.length], row)),
              mysqlPacket(last, MYSQL_END),
            ]),
          )
        })
      })
    }
    const server = await serve(script, { ...at, atOnce: true })
    return { ...server, sent: [] }
  }
}

/** A message of PostgreSQL: a letter, its length with itself, what it holds. */
const pgMessage = (letter: string, ...parts: readonly (string | readonly number[])[]): Buffer => {
  const body = Buffer.concat(parts.map(part => Buffer.from(part as string, 'latin1')))
  const head = Buffer.from([letter.charCodeAt(0), 0, 0, 0, 0])
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Offers no TLS, takes every login, and answers every statement with one column and these rows. */
export function pgsql(rows: readonly string[]) {
  return async (at?: At): Promise<Server> => {
    const ready = pgMessage('Z', 'I')
    const script: Script = socket => {
      socket.once('data', () => {
        socket.write('N')
        socket.once('data', () => {
          socket.write(Buffer.concat([pgMessage('R', [0, 0, 0, 0]), ready]))
          socket.once('data', () => {
            const column = pgMessage(
              'T',
              [0, 1],
              '?column?\0',
              [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
            )
            const found = rows.map(row => pgMessage('D', [0, 1, 0, 0, 0, row.length], row))
            const done = pgMessage('C', `SELECT ${rows.length}\0`)
            socket.write(Buffer.concat([column, ...found, done, ready]))
          })
        })
      })
    }
    const server = await serve(script, { ...at, atOnce: true })
    return { ...server, sent: [] }
  }
}

/** Oracle's refusal of a connection: length, checksum, type 4, two reasons, length of the text, text. */
export function oracleRefusal(number: number): Buffer {
  const text = `(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=${number})(ERROR_STACK=(ERROR=(CODE=${number})(EMFI=4))))`
  const packet = Buffer.alloc(12 + text.length)
  packet.writeUInt16BE(packet.length, 0)
  packet[4] = 4
  packet.writeUInt16BE(text.length, 10)
  packet.write(text, 12)
  return packet
}

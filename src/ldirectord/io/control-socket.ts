/**
 * Answers what core/control-request.ts names over a unix socket that only its owner may open: one line in (the question), one
 * JSON document out. Few clients at a time, short questions, and nobody may keep a connection.
 */
import { chmodSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { REQUEST_BYTES_MAX } from '../core/control-request.js'

const CLIENTS_MAX = 16
const CLIENT_MS_MAX = 5_000
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Resolves to the open server, or to the reason why there is none. */
export function serveControl(
  path: string,
  answer: (question: string) => Promise<unknown>,
): Promise<Server | string> {
  const server = createServer(socket => {
    let question = ''
    socket.setTimeout(CLIENT_MS_MAX, () => socket.destroy())
    socket.on('error', () => {}) // a client that goes away needs no answer
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      question += text
      if (question.length > REQUEST_BYTES_MAX) socket.destroy()
      else if (question.includes('\n')) {
        socket.pause()
        // Our own answer has limits of its own; a client that waits for a takeover is no client that dawdles.
        socket.setTimeout(0)
        answer(question.split('\n')[0]!).then(
          reply => socket.end(`${JSON.stringify(reply)}\n`),
          () => socket.destroy(),
        )
      }
    })
  })
  server.maxConnections = CLIENTS_MAX
  return new Promise(resolve => {
    try {
      unlinkSync(path) // left behind by a daemon that was killed; a living one holds the pid file
    } catch {
      // Nothing was left behind.
    }
    const mask = process.umask(0o177)
    server.once('error', error => resolve(`${path}: ${error.message}`))
    server.listen(path, () => {
      server.unref()
      try {
        chmodSync(path, 0o600)
        resolve(server)
      } catch (error) {
        // Another one of this instance, in the foreground, has taken the place meanwhile.
        server.close()
        resolve(`${path}: ${(error as Error).message}`)
      }
    })
    process.umask(mask)
  })
}

/** Asks a running daemon; null when nobody answers in time. */
export function askControl(path: string, question: string, limitMs = CLIENT_MS_MAX): Promise<string | null> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let length = 0
    const socket = connect(path)
    const give = (text: string | null): void => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(limitMs, () => give(null))
    socket.on('error', () => give(null))
    socket.on('data', part => {
      length += part.length
      if (length > ANSWER_BYTES_MAX) give(null)
      else parts.push(part)
    })
    socket.on('end', () => give(Buffer.concat(parts).toString('utf8')))
    socket.on('connect', () => socket.write(`${question}\n`))
  })
}

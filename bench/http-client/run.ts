/**
 * What one HTTP question over a connection of its own costs: node:http as the checks use it, undici's Client with dispatch,
 * and undici's request. CPU of this process per 1000 questions; the server is a process of its own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client, request } from 'undici'
import { median, printJson, printTable } from '../report.js'

const ROUNDS = 5
const QUESTIONS = 2_000
const AT_A_TIME = 50
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n'

async function serve(): Promise<void> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(ANSWER))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 })
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
  process.on('disconnect', () => process.exit())
}

const askNode = (port: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const headers = { Connection: 'close' }
    const to = { host: '127.0.0.1', port }
    const createConnection = (): Socket => connect(to)
    const options = { ...to, path: '/', createConnection, headers, insecureHTTPParser: true }
    const question = requestHttp(options)
    question.on('error', reject)
    question.once('response', response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('end', () => {
        resolve(Buffer.concat(parts))
        question.destroy()
      })
    })
    question.end()
  })

const askClient = (port: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const client = new Client(`http://127.0.0.1:${port}`, { headersTimeout: 0, bodyTimeout: 0 })
    const parts: Buffer[] = []
    client.dispatch(
      { path: '/', method: 'GET', reset: true },
      {
        onConnect() {},
        onHeaders: () => true,
        onData(part) {
          parts.push(part)
          return true
        },
        onComplete() {
          resolve(Buffer.concat(parts))
          void client.destroy()
        },
        onError(error) {
          reject(error)
          void client.destroy()
        },
      },
    )
  })

async function askRequest(port: number): Promise<Buffer> {
  const { body } = await request(`http://127.0.0.1:${port}/`, { reset: true })
  return Buffer.from(await body.arrayBuffer())
}

const WAYS = { 'node:http': askNode, 'undici dispatch': askClient, 'undici request': askRequest } as const

async function cpuPer1000(ask: (port: number) => Promise<Buffer>, port: number): Promise<number> {
  const before = process.cpuUsage()
  for (let asked = 0; asked < QUESTIONS; asked += AT_A_TIME)
    await Promise.all(Array.from({ length: AT_A_TIME }, () => ask(port)))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6 / (QUESTIONS / 1000)
}

async function measure(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['serve'])
  const [port] = (await once(server, 'message')) as [number]
  const costs = new Map<string, number[]>()
  // The first round warms the compiler.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, ask] of Object.entries(WAYS)) {
      const cost = await cpuPer1000(ask, port)
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost])
    }
  server.disconnect()
  const floor = median(costs.get('node:http')!)
  const rows = [...costs].map(([name, all]) => [name, median(all), median(all) / floor] as const)
  printTable(
    ['a question', 'CPU s / 1000', 'ratio'],
    rows.map(([name, cost, ratio]) => [name, cost.toFixed(3), ratio]),
  )
  printJson('http-client', { cpuPer1000: Object.fromEntries(rows.map(([name, cost]) => [name, cost])) })
}

if (process.argv[2] === 'serve') await serve()
else await measure()

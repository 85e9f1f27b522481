/** One of the small web servers that the demo cluster balances: says who it is, and that it is fine. */
import { createServer } from 'node:http'

export function runWebServer(name: string, address: string, port: number): void {
  const isSorry = name === 'sorry'
  const greeting = isSorry
    ? `Sorry: no real server answers at the moment (this is ${address}:${port}).\n`
    : `Hello from ${name} (${address}:${port}, pid ${process.pid}).\n`
  const server = createServer((request, response) => {
    const isHealth = request.url === '/health'
    response.writeHead(isSorry ? 503 : 200, {
      'content-type': 'text/plain',
      'x-server': name,
      connection: 'close',
    })
    response.end(isHealth && !isSorry ? 'I am fine\n' : greeting)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    process.stderr.write(`${name} cannot listen on ${address}:${port} (${error.code})\n`)
    process.exit(1)
  })
  server.listen(port, address, () => process.stdout.write(`listening\n`))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
}

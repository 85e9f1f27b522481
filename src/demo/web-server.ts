/** One of the small web servers that the demo cluster balances: says who it is, and that it is fine. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'

/** What a release puts in front of the greeting; a release with a file `broken` cannot serve anything. */
function released(sites: string, name: string): { readonly head: string; readonly isBroken: boolean } {
  const current = `${sites}/${name}/current`
  try {
    const head = `${readFileSync(`${current}/version`, 'utf8').trim()} (${readlinkSync(current)}): `
    return { head, isBroken: existsSync(`${current}/broken`) }
  } catch {
    return { head: '', isBroken: false } // nothing was released yet
  }
}

export function runWebServer(name: string, address: string, port: number): void {
  const isSorry = name === 'sorry'
  const greeting = isSorry
    ? `Sorry: no real server answers at the moment (this is ${address}:${port}).\n`
    : `Hello from ${name} (${address}:${port}, pid ${process.pid}).\n`
  const server = createServer((request, response) => {
    const isHealth = request.url === '/health'
    const sites = process.env.SYSTOLE_DEMO_SITES
    const { head, isBroken } = sites === undefined ? { head: '', isBroken: false } : released(sites, name)
    response.writeHead(isSorry ? 503 : isBroken ? 500 : 200, {
      'content-type': 'text/plain',
      'x-server': name,
      connection: 'close',
    })
    response.end(isHealth && !isSorry && !isBroken ? 'I am fine\n' : head + greeting)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    process.stderr.write(`${name} cannot listen on ${address}:${port} (${error.code})\n`)
    process.exit(1)
  })
  server.listen(port, address, () => process.stdout.write(`listening\n`))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
}

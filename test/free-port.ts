/**
 * Ports for servers of tests. They are below those that the kernel gives to connections and to who asks for any port, so
 * that nobody gets one of them between this look and the server's start, however busy the machine is.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const FIRST = 10_000
const COUNT = 20_000
/** Of this process: no port is given twice. */
const given = new Set<number>()

/** A port of this address that is free for TCP and for UDP. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port)) continue
    given.add(port)
    if ((await isFreeForTcp(port, address)) && (await isFreeForUdp(port, address))) return port
  }
  throw new Error(`${address} has no free port`)
}

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

async function isFreeForTcp(port: number, address: string): Promise<boolean> {
  const server = createServer().listen(port, address)
  try {
    await once(server, 'listening')
  } catch {
    return false // somebody has it
  }
  server.close()
  await once(server, 'close')
  return true
}

async function isFreeForUdp(port: number, address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  try {
    socket.bind(port, address)
    await once(socket, 'listening')
  } catch {
    return false // somebody has it
  } finally {
    socket.close()
  }
  return true
}

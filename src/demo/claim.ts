/**
 * Makes sure that the demo has what it needs for itself before anything is started: its state folder (a pid file) and
 * its addresses and ports. A refusal is one sentence.
 */
import { createSocket } from 'node:dgram'
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { commandLine, isAlive, readPidFile } from '../base/io/processes.js'
import type { Endpoint, Layout } from './layout.js'

const pidFileOf = (state: string): string => `${state}/demo.pid`

/** null: the state folder is ours now; else why not. */
export function claimState(state: string): string | null {
  const pidFile = pidFileOf(state)
  const pid = readPidFile(pidFile)
  if (pid !== null && pid !== process.pid && isAlive(pid) && /demo|start\.mjs/.test(commandLine(pid))) {
    return `A demo cluster already runs here (pid ${pid}, state in ${state}); end it with Ctrl-C first.`
  }
  try {
    mkdirSync(state, { recursive: true })
    rmSync(pidFile, { force: true })
    writeFileSync(pidFile, `${process.pid}\n`, { flag: 'wx' })
    return null
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return `Another demo cluster is being started in ${state} at this moment.`
    return `The demo cannot write its state folder ${state}: ${message}.`
  }
}

export function releaseState(state: string): void {
  if (readPidFile(pidFileOf(state)) === process.pid) rmSync(pidFileOf(state), { force: true })
  if (readdirSync(state).length === 0) rmdirSync(state)
}

const refusal = (what: string, code: string | undefined): string => {
  if (code === 'EADDRINUSE') {
    return `${what} is in use by another program (perhaps another demo); end it, or choose other addresses with --net 127.78.`
  }
  return `${what} cannot be used (${code}); choose other addresses with --net 127.78.`
}

function tcpRefusal({ address, port }: Endpoint): Promise<string | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) => resolve(refusal(`${address}:${port}`, error.code)))
    server.listen(port, address, () => server.close(() => resolve(null)))
  })
}

function udpRefusal({ address, port }: Endpoint): Promise<string | null> {
  return new Promise(resolve => {
    const socket = createSocket('udp4')
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(refusal(`${address}:${port} (udp)`, error.code))
    })
    socket.bind(port, address, () => socket.close(() => resolve(null)))
  })
}

/** null: every address and port is free; else a sentence about the first that is not. */
export async function addressRefusal(layout: Layout): Promise<string | null> {
  const udp = layout.nodes.flatMap(node => node.addresses.map(address => ({ address, port: layout.udpPort })))
  const looks = [...[layout.service, ...layout.webServers].map(tcpRefusal), ...udp.map(udpRefusal)]
  return (await Promise.all(looks)).find(answer => answer !== null) ?? null
}

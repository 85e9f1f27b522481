/**
 * The process ldirectord-proxy: data plane, control socket, pid file. It belongs to no terminal and to no parent:
 * it stays while it has services, so that a restart of ldirectord drops no connection, and leaves by itself when it
 * has neither services nor an ldirectord that talks to it.
 */
import { unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { replaceFile } from '../../../base/io/files.js'
import { readPidFile } from '../../../base/io/processes.js'
import type { ProxyPlace } from '../core/place.js'
import { ControlServer } from './control-server.js'
import { DataPlane } from './data-plane.js'
import { defaultSettings, type ProxySettings } from './settings.js'

/** Runs until there is nothing left to do or a signal comes; resolves with the exit status. */
export async function runProxy(
  place: ProxyPlace,
  settings: ProxySettings = defaultSettings(),
): Promise<number> {
  if (await answers(place.socketPath)) return 0 // another one forwards already; ldirectord finds it there
  const control = new ControlServer(place.socketPath, () => plane)
  const plane = new DataPlane(settings, (level, text) => control.notify(level, text))
  try {
    await control.listen()
  } catch (error) {
    // bind(2) of a unix socket in a folder that is not there is reported as EACCES too.
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new Error(`cannot make ${place.socketPath} (${reason}): the folder must exist and be writable`)
  }
  replaceFile(place.pidPath, `${process.pid}\n`, 0o644)
  return new Promise(resolve => {
    let leaving: NodeJS.Timeout | undefined
    const leave = (): void => {
      clearTimeout(leaving)
      plane.closeAll()
      control.close()
      if (readPidFile(place.pidPath) === process.pid) unlinkSync(place.pidPath)
      resolve(0)
    }
    const lookWhetherToStay = (): void => {
      clearTimeout(leaving)
      if (control.hasController || !plane.table.isEmpty) return
      leaving = setTimeout(leave, settings.lingerMs)
    }
    control.onQuiet = lookWhetherToStay
    process.on('SIGTERM', leave)
    process.on('SIGINT', leave)
    process.on('SIGHUP', () => {}) // a terminal that closes is no reason to drop connections
    lookWhetherToStay()
  })
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/**
 * The process ldirectord-proxy: data plane, control socket, pid file. It belongs to no terminal and to no parent:
 * it stays while it has services, so that a restart of ldirectord drops no connection, and leaves by itself when it
 * has neither services nor an ldirectord that talks to it. An upgrade replaces it by the new program, which takes over
 * what it listens on; it then ends with its last connection.
 */
import { unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { replaceFile } from '../../../base/io/files.js'
import { readPidFile } from '../../../base/io/processes.js'
import type { ProxyPlace } from '../core/place.js'
import { ControlServer } from './control-server.js'
import { DataPlane } from './data-plane.js'
import { handOver } from './hand-over.js'
import { programIdentity } from './program-identity.js'
import { Retirement } from './retirement.js'
import { defaultSettings, type ProxySettings } from './settings.js'
import { takeOver } from './take-over.js'

const CLOSE_MS_MAX = 1_500

/**
 * Runs until there is nothing left to do or a signal comes; resolves with the exit status.
 * @param origin whether the process begins, or takes over from the one that started it
 */
export async function runProxy(
  place: ProxyPlace,
  origin: 'start' | 'takeover',
  settings: ProxySettings = defaultSettings(),
): Promise<number> {
  // Another one forwards already; ldirectord finds it there.
  if (origin === 'start' && (await answers(place.socketPath))) return 0
  let retirement: Retirement | null = null
  const program = programIdentity(process.version, process.argv[1] ?? '')
  const control = new ControlServer(place.socketPath, program, () => plane)
  const plane = new DataPlane(settings, (level, text) =>
    retirement ? retirement.notice(level, text) : control.notify(level, text),
  )
  const publish = (): void => {
    control.publish()
    replaceFile(place.pidPath, `${process.pid}\n`, 0o644)
  }
  if (origin === 'takeover') await takeOver(plane, control, publish)
  else {
    await control.listen()
    publish()
  }
  return new Promise(resolve => {
    let leaving: NodeJS.Timeout | undefined
    const leave = (): void => {
      clearTimeout(leaving)
      retirement?.close()
      plane.predecessors.leave()
      const closed = plane.closeAll()
      control.close()
      if (readPidFile(place.pidPath) === process.pid) unlinkSync(place.pidPath)
      // A process that ends before its workers have reset their connections makes orderly ends of them.
      void Promise.race([closed, wait(CLOSE_MS_MAX)]).then(() => resolve(0))
    }
    const lookWhetherToStay = (): void => {
      clearTimeout(leaving)
      if (retirement || control.hasController || !plane.table.isEmpty) return
      leaving = setTimeout(leave, settings.lingerMs)
    }
    const retire = (): void => {
      process.title = `ldirectord-proxy ${place.instance}, replaced, serves its open connections`
      control.close()
      const { socketPath } = place
      retirement = new Retirement({ plane, socketPath, retirementMs: settings.retirementMs, ended: leave })
    }
    control.onQuiet = lookWhetherToStay
    let isHandingOver = false
    control.onHandOver = async (node, successor) => {
      if (isHandingOver) throw new Error('it is being replaced already')
      isHandingOver = true
      try {
        const pid = await handOver({ place, plane, control, node, program: successor })
        setImmediate(retire) // after the answer is written
        return pid
      } catch (error) {
        isHandingOver = false
        throw error
      }
    }
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

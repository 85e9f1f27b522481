/** The daemon with a real file, a table in memory and checks that answer what the test says. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Outcome } from '../../../../src/ldirectord/checks/check.js'
import type { Role } from '../../../../src/ldirectord/core/status.js'
import { endpoint } from '../../../../src/ldirectord/core/table.js'
import { Daemon, type DaemonOptions } from '../../../../src/ldirectord/daemon.js'
import type { Forwarder } from '../../../../src/ldirectord/forwarders/forwarder.js'
import { memoryForwarder } from '../../../../src/ldirectord/forwarders/memory.js'
import { askControl } from '../../../../src/ldirectord/io/control-socket.js'
import { findInstance } from '../../../../src/ldirectord/io/instance.js'
import { loadConfig } from '../../../../src/ldirectord/io/load-config.js'
import { temporaryFolder } from '../../../temporary-folder.js'

const OK: Outcome = { passed: true, code: 'OK', detail: 'fine' }
const REFUSED: Outcome = { passed: false, code: 'L4CON', detail: 'connection refused' }
export const FILE = `checkinterval=1
autoreload=yes
quiescent=yes
virtual=127.0.1.1:80
    real=127.0.2.1:80 masq 2
    real=127.0.2.2:80 masq
    checktype=connect
    fallback=127.0.0.1:80 masq
`

export async function running(
  t: ExecutionContext,
  text = FILE,
  role: Role = 'active',
  abilities: Pick<Forwarder, 'setWorkers'> = {},
) {
  const folder = temporaryFolder(t)
  const path = join(folder, 'ldirectord.cf')
  const edit = async (content: string): Promise<void> => {
    await writeFile(`${path}.new`, content)
    await rename(`${path}.new`, path)
  }
  await edit(text)
  const instance = findInstance('ldirectord.cf', {
    HA_DIR: folder,
    HA_VARLIB: folder,
    HA_VARRUN: folder,
    HA_VARLOG: folder,
  })
  const dead = new Set<string>()
  /** Servers whose check neither passes nor fails. */
  const silent = new Set<string>()
  const forwarder = Object.assign(memoryForwarder(), abilities)
  const log: string[] = []
  const announced: Role[] = []
  const waiting: { pattern: RegExp; heard: () => void }[] = []
  /** Resolves when a line that fits has been logged, before or from now on. */
  const said = (pattern: RegExp): Promise<void> =>
    new Promise(heard => {
      if (log.some(line => pattern.test(line))) heard()
      else waiting.push({ pattern, heard })
    })
  const loaded = await loadConfig(instance.file!, instance)
  if (loaded.kind !== 'loaded') throw new Error(loaded.errors.join('\n'))
  const options: DaemonOptions = {
    instance,
    loaded,
    forwarder,
    load: () => loadConfig(instance.file!, instance),
    runCheck: probe =>
      silent.has(probe.address)
        ? new Promise(() => {})
        : Promise.resolve(dead.has(probe.address) ? REFUSED : OK),
    role,
    announce: role => {
      announced.push(role)
      return null
    },
    useLog: () => {},
    command: ['/bin/false'],
    mailCommand: ['/bin/false'],
    negotiable: ['http', 'none'],
    log: (_, line) => {
      log.push(line)
      for (const { pattern, heard } of waiting) if (pattern.test(line)) heard()
    },
  }
  const daemon = new Daemon(options)
  t.teardown(() => daemon.stop())
  const weights = (): Record<string, number> =>
    Object.fromEntries(
      (forwarder.table.services[0]?.destinations ?? []).map(entry => [
        endpoint(entry.address, entry.port),
        entry.weight,
      ]),
    )
  return { announced, daemon, dead, silent, edit, forwarder, instance, log, options, said, weights }
}

export const ask = async (socket: string, request: unknown) =>
  JSON.parse((await askControl(socket, typeof request === 'string' ? request : JSON.stringify(request)))!)

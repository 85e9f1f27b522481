/**
 * on_timeout = kill: the connections that a drain could not wait for are ended. The kernel forgets those of a server
 * that is deleted while expire_nodest_conn is 1; then the server is listed again, at weight 0. Only kernel IPVS can.
 */
import { entriesOf } from '../plan/director-view.js'
import { DROP_CLIENTS } from '../plan/scripts.js'
import type { HostAtWork, RunContext } from './run-context.js'

const DROP_MS_MAX = 30_000

/** null: they are gone; else why not. */
export async function dropClients(context: RunContext, host: HostAtWork): Promise<string | null> {
  const { drain, directors, config, say } = context
  const { real } = host.config
  for (const reading of await drain.read(real)) {
    if (!('reals' in reading)) return `${reading.director}: ${reading.unreachable}`
    const entries = real.flatMap(place => entriesOf(reading, place, config.director.virtuals))
    if (entries.length === 0) continue
    if (reading.source !== 'ipvsadm')
      return `on_timeout = kill wants a director that forwards in the kernel by IPVS; ${reading.director} does not`
    const director = directors.find(({ name }) => name === reading.director)
    const words = entries.flatMap(({ virtual, real: listed }) => [...serviceWords(virtual), listed])
    const result = await director?.run(DROP_CLIENTS, words, DROP_MS_MAX)
    if (result?.ok !== true) return `${reading.director}: ${result?.why ?? 'is no director of this run'}`
    const active = entries.reduce((sum, entry) => sum + entry.active, 0)
    const detail = `${active} connections were ended (${reading.director})`
    say({ host: host.name, virtual: null, step: 'drain', status: 'warning', detail })
  }
  return null
}

/** `tcp:10.0.0.1:80` as ipvsadm takes it: three words, the last one empty but for a mark of IPv6. */
function serviceWords(virtual: string): [option: string, service: string, family: string] {
  const at = virtual.indexOf(':')
  const service = virtual.slice(at + 1)
  switch (virtual.slice(0, at)) {
    case 'udp':
      return ['-u', service, '']
    case 'fwm':
      return ['-f', service, '']
    case 'fwm6':
      return ['-f', service, '-6']
    default:
      return ['-t', service, '']
  }
}

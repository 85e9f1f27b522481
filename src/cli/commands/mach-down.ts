/**
 * mach_down NODE: takes the groups of a node that is down, as the original's rc.d/status calls it. Our daemon does that
 * by itself; the command is for scripts of old.
 */
import { pathsFrom } from '../../base/paths.js'
import { writeToFifo } from '../../heartbeat/io/fifo-write.js'
import { Message } from '../../heartbeat/wire/message.js'
import type { Called } from './here.js'
import { ResourceManager } from './resource-manager.js'
import { scriptLog } from './script-log.js'

/** Resolves with the exit code. */
export async function machDown(called: Called): Promise<number> {
  const { program, argv, env, output } = called
  const [name, ...extra] = argv
  if (name === undefined || extra.length > 0 || name.startsWith('-')) {
    output.error(`usage: ${program} NODE\nTakes over the resource groups of NODE, which is down.\n`)
    return 1
  }
  const node = name.toLowerCase()
  // Ourselves, or a ping node: there is nothing to take.
  if (node === env.HA_CURHOST || env.HA_info?.includes('ping')) return 0
  const say = scriptLog('mach_down(default)', env, output.error)
  const manager = new ResourceManager(called)
  for (const key of manager.keysOf(node)) {
    say(`info: Taking over resource group ${key}`)
    await manager.take(key)
  }
  if (/^[Yy]es$/.test(env.HA_NICEFAILBACK ?? '')) {
    say(`info: ${program}: nice_failback: foreign resources acquired`)
    const message = Message.of(['t', 'resource'], ['rsc_hold', 'foreign'], ['info', 'mach_down'])
    const problem = writeToFifo(`${pathsFrom(env).varLib}/fifo`, message)
    if (problem !== null) output.error(`mach_down: ${problem}\n`)
  }
  say(`info: mach_down takeover complete for node ${node}.`)
  return 0
}

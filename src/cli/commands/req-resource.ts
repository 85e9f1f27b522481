/**
 * req_resource KEY: asks the cluster for a group, unless it runs here. When nobody needs to be asked (HA_DONTASK, or
 * HA_NICEFAILBACK: the daemon has negotiated already) it says in the other's place that the group may be taken.
 */
import { pathsFrom } from '../../base/paths.js'
import { writeToFifo } from '../../heartbeat/io/fifo-write.js'
import { nodeName } from '../../heartbeat/io/node-name.js'
import { Message } from '../../heartbeat/wire/message.js'
import type { Called } from './here.js'
import { ResourceManager } from './resource-manager.js'

/** Resolves with the exit code. */
export async function reqResource(called: Called): Promise<number> {
  const { program, argv, env, output } = called
  const [key, ...extra] = argv
  if (key === undefined || extra.length > 0 || key.startsWith('-') || /[\n\0]/.test(key)) {
    output.error(`usage: ${program} KEY\nAsks the cluster for the resource group KEY.\n`)
    return 1
  }
  if (await new ResourceManager(called).isRunning(key)) return 0
  const { varLib, haDir } = pathsFrom(env)
  const us = env.HA_CURHOST ?? nodeName(haDir)
  const granted = [['t', 'ip-request-resp'], ['dest', us], ['ipaddr', key], ['weown', 'yes'], ['ok', 'OK']] as const // biome-ignore format: pairs
  const asked = [['t', 'ip-request'], ['ipaddr', key]] as const // biome-ignore format: pairs
  const needsNoAnswer = env.HA_NICEFAILBACK === 'yes' || env.HA_DONTASK === 'yes'
  const problem = writeToFifo(`${varLib}/fifo`, Message.of(...(needsNoAnswer ? granted : asked)))
  if (problem === null) return 0
  output.error(`req_resource: ${problem}\n`)
  return 1
}

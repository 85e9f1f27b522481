/**
 * The demo cluster (npm start): two heartbeat nodes, ldirectord on the owner, three web servers and a sorry server, all
 * on loopback addresses, started as an administrator would start them. It shows what happens and ends what it started.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nowMs } from '../base/io/real-clock.js'
import { addressRefusal, claimState, releaseState } from './claim.js'
import { writeState } from './files.js'
import { clusterOf, type Layout, layoutOf, SAMPLE_NET, servicesOf, urlOf } from './layout.js'
import { membersOf, ownerOf } from './members.js'
import { endAll, startNode, startWebServer } from './processes.js'
import { noteServiceAddress, removeServiceAddress } from './service-address.js'
import { killLine, watch } from './watch.js'

const READY_WITHIN_MS = 60_000

const USAGE = `usage: npm start [-- [--state DIR] [--net 127.N]]
Runs a two-node cluster with a load balanced web service on loopback addresses until Ctrl-C.
  --state DIR   where files, logs and scripts of the demo go (default .systole in the project)
  --net 127.N   which part of the loopback network it uses (default ${SAMPLE_NET})
`

interface Options {
  readonly state: string
  readonly net: string
  readonly help: boolean
}

function optionsFrom(argv: readonly string[], project: string): Options | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { state: { type: 'string' }, net: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    const net = values.net ?? SAMPLE_NET
    const second = /^127\.(\d{1,3})$/.exec(net)?.[1]
    if (second === undefined || Number(second) > 254)
      return `--net wants 127.N with N from 0 to 254; found "${net}".`
    return { state: resolve(values.state ?? `${project}/.systole`), net, help: values.help ?? false }
  } catch (error) {
    return (error as Error).message // parseArgs words unknown options itself
  }
}

/** The layout by the sample files, or a sentence. */
function planned(options: Options, samples: string): Layout | string {
  const inNet = (name: string): string =>
    readFileSync(`${samples}/${name}`, 'utf8').replaceAll(`${SAMPLE_NET}.`, `${options.net}.`)
  try {
    const services = servicesOf(inNet('ldirectord.cf'))
    if (services === null) return `${samples}/ldirectord.cf names no virtual service.`
    return layoutOf(options.state, options.net, clusterOf(inNet('ha.cf')), services)
  } catch (error) {
    return `The sample files cannot be read: ${(error as Error).message}.`
  }
}

function printStarted(layout: Layout, say: (text: string) => void): void {
  const members = membersOf(layout)
  for (const { name, addresses } of layout.nodes) {
    const own = members.filter(member => member.node === name).map(({ pid, role }) => `${role} pid ${pid}`)
    say(`node ${name} (${addresses.join(', ')}): ${own.join(', ')}`)
  }
  for (const { name, address, port } of layout.webServers) {
    const pid = members.find(member => member.name === name)?.pid ?? 'unknown'
    say(`web server ${name}: http://${address}:${port}/ pid ${pid}`)
  }
  say(`files, logs and scripts: ${layout.state}`)
}

function printHints(layout: Layout): void {
  const members = membersOf(layout)
  const owner = ownerOf(layout) ?? layout.nodes[0]!.name
  const real = members.find(({ name }) => name === 'real1')
  const { state } = layout
  process.stdout.write(`
Try, in another terminal:
  curl ${urlOf(layout.service)}
  ${killLine(members, owner)}
  kill ${real?.pid ?? 'PID'}   # stops real1; ${state}/bin/web real1 starts it again
  ${state}/bin/hb_standby ${owner}   # ${owner} gives its resources away
  ${state}/bin/start ${owner}   # starts a killed node again
  \${EDITOR:-vi} ${state}/${owner}/ha.d/ldirectord.cf   # acts when saved; try weight 3 for one real server
Ctrl-C ends everything.

`)
}

async function start(layout: Layout, programs: string): Promise<string | null> {
  const answers = await Promise.all([
    ...layout.webServers.map(server => startWebServer(layout, server, programs)),
    ...layout.nodes.map(node => startNode(layout, node, programs)),
  ])
  return answers.find(answer => answer !== null) ?? null
}

/** Everything between claim and release. Resolves with the exit status. */
async function runCluster(layout: Layout, programs: string, stopping: AbortSignal): Promise<number> {
  const startedMs = nowMs()
  const say = (text: string): void => {
    process.stdout.write(`${((nowMs() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`)
  }
  const stopped = new Promise<'stopped'>(settle =>
    stopping.addEventListener('abort', () => settle('stopped')),
  )
  const refused = await start(layout, programs)
  if (refused !== null) {
    process.stderr.write(`${refused}\n`)
    return 1
  }
  printStarted(layout, say)
  const watching = watch(layout, say)
  const outcome = await Promise.race([
    watching.answered.then(() => 'ready' as const),
    stopped,
    delay(READY_WITHIN_MS, 'late' as const, { ref: false }),
  ])
  if (outcome === 'ready') {
    const tookS = ((nowMs() - startedMs) / 1000).toFixed(1)
    process.stdout.write(
      `ready ${urlOf(layout.service)} (after ${tookS} s, answered by ${ownerOf(layout)})\n`,
    )
    printHints(layout)
    await stopped
  }
  watching.stop()
  if (outcome !== 'late') return 0
  process.stderr.write(`The service did not answer within 60 s; the logs in ${layout.state}/*/log say why.\n`)
  return 1
}

/** A demo that was ended by force could not end what it had started. */
async function endLeftOvers(layout: Layout): Promise<void> {
  const left = membersOf(layout)
  if (left.length === 0) return
  process.stdout.write(`ending ${left.length} processes that an earlier demo left\n`)
  await endAll(layout)
}

/** Resolves with the exit status when everything has ended. `programs` is the folder of the built commands. */
export async function runDemo(argv: readonly string[], programs: string): Promise<number> {
  const project = dirname(dirname(realpathSync(programs)))
  const refuse = (sentence: string): number => {
    process.stderr.write(`${sentence}\n`)
    return 1
  }
  const options = optionsFrom(argv, project)
  if (typeof options === 'string') return refuse(options)
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const samples = `${project}/etc-ha.d`
  if (!existsSync(`${programs}/heartbeat.cjs`))
    return refuse(`${programs}/heartbeat.cjs is missing; run npm run build.`)
  const layout = planned(options, samples)
  if (typeof layout === 'string') return refuse(layout)

  const stopping = new AbortController()
  const askToStop = (): void => stopping.abort()
  // A reader that went away (npm start | head) is a wish to stop, not a reason to leave everything running.
  process.stdout.on('error', askToStop)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, askToStop)
  const claimed = claimState(layout.state)
  if (claimed !== null) return refuse(claimed)
  await endLeftOvers(layout)
  const taken = await addressRefusal(layout)
  if (taken !== null) {
    releaseState(layout.state)
    return refuse(taken)
  }
  try {
    noteServiceAddress(layout)
    writeState(layout, options.net, samples, programs)
    return await runCluster(layout, programs, stopping.signal)
  } finally {
    const left = await endAll(layout)
    for (const { pid, name } of left) process.stderr.write(`pid ${pid} (${name}) would not end\n`)
    await removeServiceAddress(layout)
    releaseState(layout.state)
    process.stdout.write('everything that the demo started has ended\n')
  }
}

/**
 * How late a node's heartbeats leave while four busy loops use the processors. The time of each packet is the kernel's
 * (tcpdump on the loopback device, so root is needed); lateness is the pause between two heartbeats minus keepalive.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DemoCluster } from '../../test/peers/demo-cluster.js'
import { busyLoops } from '../busy-loops.js'
import { percentile, printJson, printTable } from '../report.js'

const KEEPALIVE_MS = 200
const LOOPS = 4
const MEASURE_MS = 20_000
const NET = '127.93'

/** Times in milliseconds of the packets that node `last` of the first link sends to its peer there. */
async function packetTimes(last: number, durationMs: number): Promise<number[]> {
  const filter = `udp and src host ${NET}.0.${last} and dst host ${NET}.0.${3 - last}`
  const dump = spawn('tcpdump', ['-i', 'lo', '-n', '-tt', '-l', ...filter.split(' ')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  dump.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  await delay(durationMs)
  dump.kill('SIGINT')
  await new Promise(resolve => dump.once('close', resolve))
  const times = [...text.matchAll(/^(\d+\.\d+) IP/gm)].map(match => Number(match[1]) * 1_000)
  // Packets of one beat (a status and what goes with it) leave within a moment: the first counts.
  return times.filter((time, index) => index === 0 || time - times[index - 1]! > KEEPALIVE_MS / 4)
}

function latenessOf(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => Math.max(0, time - times[index]! - KEEPALIVE_MS))
}

async function measure(title: string): Promise<readonly [string, string, number, number, number]> {
  const times = (await Promise.all([1, 2].map(last => packetTimes(last, MEASURE_MS)))).flatMap(latenessOf)
  return [title, String(times.length), percentile(times, 50), percentile(times, 99), Math.max(...times)]
}

if (process.getuid?.() !== 0) {
  process.stdout.write('lateness needs root (tcpdump on lo); not measured\n')
  process.exit(0)
}
const state = mkdtempSync(join(tmpdir(), 'systole-lateness-'))
const demo = new DemoCluster({ state: `${state}/demo`, net: NET, project: process.cwd() })
try {
  await demo.says(/^ready /m, 60_000)
  await delay(5_000)
  const calm = await measure('no load')
  const endLoops = busyLoops(LOOPS)
  const loaded = await measure(`${LOOPS} busy loops`).finally(endLoops)
  printTable(['', 'heartbeats', 'median ms late', 'p99', 'max'], [calm, loaded])
  const falseDeaths = [...demo.text.matchAll(/declares \w+ dead/g)].length
  printJson('lateness', {
    keepaliveMs: KEEPALIVE_MS,
    loops: LOOPS,
    calmP99Ms: Number(calm[3].toFixed(2)),
    p99Ms: Number(loaded[3].toFixed(2)),
    maxMs: Number(loaded[4].toFixed(2)),
    falseDeaths,
  })
} finally {
  await demo.end()
  rmSync(state, { recursive: true, force: true })
}

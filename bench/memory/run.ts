/** Memory of a node's processes: their proportional share (PSS) of what they have mapped, some time after `ready`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clusterOf, layoutOf, servicesOf } from '../../src/demo/layout.js'
import { membersOf } from '../../src/demo/members.js'
import { DemoCluster } from '../../test/peers/demo-cluster.js'
import { printJson, printTable } from '../report.js'

const NET = '127.94'
const SETTLE_MS = 10_000

function pssMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) / 1024
}

const state = mkdtempSync(join(tmpdir(), 'systole-memory-'))
const demo = new DemoCluster({ state: `${state}/demo`, net: NET, project: process.cwd() })
try {
  await demo.says(/^ready /m, 60_000)
  await delay(SETTLE_MS)
  const sample = (name: string): string => readFileSync(`etc-ha.d/${name}`, 'utf8')
  const services = servicesOf(sample('ldirectord.cf'))!
  const layout = layoutOf(demo.options.state, NET, clusterOf(sample('ha.cf')), services)
  const members = membersOf(layout).filter(member => member.node !== null)
  const rows = members.map(({ node, role, pid }) => [`${node} ${role}`, pssMb(pid)] as const)
  const owner = demo.owner().name
  const sum = (name: string): number =>
    rows.filter(([title]) => title.startsWith(`${name} `)).reduce((total, [, mb]) => total + mb, 0)
  const nodes = layout.nodes.map(
    ({ name }) => [`${name} in all${name === owner ? ' (owner)' : ''}`, sum(name)] as const,
  )
  printTable(['process', 'PSS MB'], [...rows, ...nodes])
  printJson('memory', {
    ownerMb: Number(sum(owner).toFixed(1)),
    standbyMb: Number(sum(owner === 'alpha' ? 'beta' : 'alpha').toFixed(1)),
    processes: Object.fromEntries(rows.map(([title, mb]) => [title, Number(mb.toFixed(1))])),
  })
} finally {
  await demo.end()
  rmSync(state, { recursive: true, force: true })
}

/**
 * Full and read-only file systems under the state folder and the log of a running node: it keeps beating, moves its
 * resources, says in the log what the log lacks, and does not start with a generation that it cannot keep.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { until } from './harness.js'
import { type Node, owner, pair, SLOW, settled, start } from './loopback-nodes.js'
import { reaper } from './reaper.js'
import { peerTest } from './require.js'

const test = peerTest('mount')

const BYTES = 65_536

class Disk {
  readonly #folder: string

  constructor(t: ExecutionContext, folder: string) {
    this.#folder = folder
    const unmount = ['umount', '--lazy', folder]
    const callOff = reaper(unmount)
    t.teardown(() => {
      spawnSync(unmount[0]!, unmount.slice(1))
      callOff()
    })
    const problem = this.#mount('-t', 'tmpfs', '-o', `size=${BYTES},mode=0755`, 'tmpfs')
    if (problem !== '') throw new Error(problem)
  }

  fill(): void {
    for (const size of [4_096, 1])
      try {
        for (let at = 0; at < 2 * BYTES; at += size)
          writeFileSync(join(this.#folder, 'full'), Buffer.alloc(size), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
  }

  free(): void {
    rmSync(join(this.#folder, 'full'))
  }

  /** Not while a line is being written. */
  becomes(mode: 'ro' | 'rw'): Promise<boolean> {
    return until(`${this.#folder} is ${mode}`, 15_000, () => this.#mount('-o', `remount,${mode}`) === '')
  }

  /** What it complains of. */
  #mount(...options: readonly string[]): string {
    const mounted = spawnSync('mount', [...options, this.#folder], { encoding: 'utf8' })
    return mounted.status === 0 ? '' : `mount ${options.join(' ')}: ${mounted.stderr}`
  }
}

/** Its groups go to the other node and come back. */
async function moves(t: ExecutionContext, alpha: Node, beta: Node): Promise<void> {
  await settled(alpha, beta)
  t.is((await alpha.command('hb_standby')).exitCode, 0)
  await owner('alpha stood by', beta, alpha, 15_000)
  await settled(alpha, beta)
  t.is((await alpha.command('hb_takeover', 'local')).exitCode, 0)
  await owner('alpha has it again', alpha, beta, 15_000)
}

test('a full disk and a read-only one under state and log cost log lines, no heartbeat and no resource', async t => {
  const { alpha, beta } = pair(t, { haCf: [...SLOW, 'auto_failback off'] })
  const disks = ['lib', 'log'].map(folder => new Disk(t, join(alpha.root, folder)))
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 20_000)

  for (const disk of disks) disk.fill()
  await moves(t, alpha, beta)
  alpha.kill('heartbeat-runner')
  for (const disk of disks) disk.free()
  await until('what the log lacks is named', 10_000, async () => {
    process.kill(alpha.pid('heartbeat')!, 'SIGHUP')
    return /^\(\d+ log lines lost: ENOSPC\)$/m.test(alpha.log)
  })
  for (const disk of disks) await disk.becomes('ro')
  await moves(t, alpha, beta)
  for (const disk of disks) await disk.becomes('rw')
  await until('the same of a read-only one', 10_000, async () => {
    process.kill(alpha.pid('heartbeat')!, 'SIGHUP')
    return /^\(\d+ log lines lost: EROFS\)$/m.test(alpha.log)
  })
  t.true(alpha.holds)
  t.deepEqual(beta.log.match(/.*(Late heartbeat|is dead).*/g) ?? [], [])

  for (const disk of disks) disk.fill()
  t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
  await owner('a node stops in good order on a full disk', beta, alpha, 15_000)
  const file = join(alpha.root, 'lib/hb_generation')
  const before = readFileSync(file, 'latin1')
  const refused = await alpha.command('heartbeat')
  t.not(refused.exitCode, 0)
  t.regex(refused.stderr + refused.stdout, /cannot keep the generation in \S+\/lib.*ENOSPC/)
  t.is(readFileSync(file, 'latin1'), before)
  for (const disk of disks) disk.free()
  await start(t, alpha)
  t.is(Number(readFileSync(file, 'latin1')), Number(before) + 1)
  t.true(beta.holds)
  for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
})

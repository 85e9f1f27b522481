import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { ResourceJob } from '../../../../../src/heartbeat/core/cluster.js'
import type { FromRunner } from '../../../../../src/heartbeat/resources/plan/protocol.js'
import type { ResourceGroup } from '../../../../../src/heartbeat/resources/plan/resource.js'
import { ONLY_JOBS, type RunnerSettings } from '../../../../../src/heartbeat/resources/plan/settings.js'
import { Runner } from '../../../../../src/heartbeat/resources/runner.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

// A resource script that writes each call down; a file NAME.fail makes its start or stop fail.
const SCRIPT = `#!/bin/sh
echo "$1 $2" >> "$HA_VARRUN/calls"
[ -e "$HA_VARRUN/$1.fail-$2" ] && exit 1
[ "$2" = status ] && [ -e "$HA_VARRUN/$1.hang" ] && echo "$1 hangs" >> "$HA_VARRUN/calls" && exec sleep 60
case $2 in
  start) touch "$HA_VARRUN/$1.runs"; echo "$1 says hello" ;;
  stop) rm -f "$HA_VARRUN/$1.runs" ;;
  status) [ -e "$HA_VARRUN/$1.runs" ] && echo running || echo stopped ;;
esac
`

const group = (node: string, ...names: string[]): ResourceGroup => ({
  node,
  resources: names.map(name => ({ text: `svc::${name}`, script: 'svc', args: [name] })),
})

class Bench {
  readonly root: string
  readonly said: FromRunner[] = []
  hasExited = false
  readonly runner: Runner
  #wake: () => void = () => {}

  constructor(t: ExecutionContext, settings: Partial<RunnerSettings> = {}) {
    this.root = temporaryFolder(t)
    for (const folder of ['resource.d', 'rc.d']) mkdirSync(join(this.root, folder))
    writeFileSync(join(this.root, 'resource.d/svc'), SCRIPT, { mode: 0o755 })
    const { root } = this
    this.runner = new Runner(
      {
        ...{ kind: 'begin', us: 'alpha', held: [], keepaliveMs: 1, logfile: null },
        settings: { ...ONLY_JOBS, ...settings },
        paths: { haDir: root, varLib: root, varRun: root, varLog: root },
        env: { PATH: process.env.PATH ?? '', HA_VARRUN: root, HA_INITDIR: '/nonexistent' },
      },
      {
        send: message => {
          this.said.push(message)
          this.#wake()
        },
        say: line => {
          this.said.push({ kind: 'lines', lines: [line] })
          this.#wake()
        },
        wallMs: () => 0,
        exit: () => {
          this.hasExited = true
          this.#wake()
        },
        retries: { max: 1, everyMs: 1 },
        reboot: async () => 'a test does not reboot',
      },
    )
  }

  async job(what: ResourceJob['what'], groups: readonly ResourceGroup[], number = 1): Promise<string[]> {
    const job: ResourceJob = { job: number, what, resourceClass: 'all', node: 'alpha', why: 'test' }
    this.runner.receive({ kind: 'job', job, groups })
    const end = (): FromRunner | undefined =>
      this.said.find(message => message.kind === 'jobEnded' && message.job === number)
    await this.until(() => end() !== undefined)
    const ended = end()
    return ended?.kind === 'jobEnded' ? ended.failed.map(({ key }) => key) : []
  }

  /** Waits for messages of the runner, not for time. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  get calls(): string[] {
    const path = join(this.root, 'calls')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  get lines(): string[] {
    return this.said.flatMap(message =>
      message.kind === 'lines' ? message.lines.map(({ text }) => text) : [],
    )
  }

  get held(): number {
    const last = this.said.findLast(message => message.kind === 'held')
    return last?.kind === 'held' ? last.groups.length : 0
  }
}

test('a job takes its groups one after the other, with real scripts, and reports what they print', async t => {
  const bench = new Bench(t)
  t.deepEqual(await bench.job('takeLocal', [group('alpha', 'a', 'b'), group('beta', 'c')]), [])
  t.deepEqual(bench.calls, ['a status', 'a start', 'b status', 'b start'])
  t.true(bench.lines.includes('a says hello'))
  t.is(bench.held, 1)
})

test('a group that does not start is named in the answer, given back and not held', async t => {
  const bench = new Bench(t)
  writeFileSync(join(bench.root, 'b.fail-start'), '')
  t.deepEqual(await bench.job('takeLocal', [group('alpha', 'a', 'b'), group('alpha', 'c')]), ['svc::a'])
  t.deepEqual(bench.calls.slice(0, 6), ['a status', 'a start', 'b status', 'b start', 'b stop', 'a stop'])
  t.false(existsSync(join(bench.root, 'a.runs')))
  t.true(existsSync(join(bench.root, 'c.runs')))
  t.is(bench.held, 1)
})

test('a group that does not stop is named in the answer and still held', async t => {
  const bench = new Bench(t)
  await bench.job('takeLocal', [group('alpha', 'a')])
  writeFileSync(join(bench.root, 'a.fail-stop'), '')
  t.deepEqual(await bench.job('giveAll', [group('alpha', 'a')], 2), ['svc::a'])
  t.is(bench.held, 1)
})

test('what runs from an earlier life is stopped by clear, the rest is only asked', async t => {
  const bench = new Bench(t)
  writeFileSync(join(bench.root, 'b.runs'), '')
  t.deepEqual(await bench.job('clear', [group('alpha', 'a', 'b')]), [])
  t.deepEqual(bench.calls, ['b status', 'b stop', 'a status'])
})

test('a runner whose daemon vanished gives up what it took, last group first, and exits', async t => {
  const bench = new Bench(t)
  await bench.job('takeLocal', [group('alpha', 'a'), group('alpha', 'b')])
  await bench.runner.orphan()
  t.deepEqual(bench.calls.slice(4), ['b stop', 'a stop'])
  t.true(bench.hasExited)
})

test('after a goodbye nothing is given up', async t => {
  const bench = new Bench(t)
  bench.runner.receive({ kind: 'goodbye' })
  await bench.until(() => bench.hasExited)
  t.deepEqual(bench.calls, [])
})

test('a script of rc.d gets its name as argument and the message in its environment', async t => {
  const bench = new Bench(t)
  const script = '#!/bin/sh\necho "called $1 for $HA_src"\n'
  writeFileSync(join(bench.root, 'rc.d/custom'), script, { mode: 0o755 })
  bench.runner.receive({ kind: 'script', name: 'custom', env: { HA_src: 'beta' } })
  await bench.until(() => bench.lines.includes('called custom for beta'))
  t.pass()
})

test('a resource that does not run any more is found, restarted within its limit, then its group is given up', async t => {
  const bench = new Bench(t, { monitorMs: 5, restartsMax: 1 })
  await bench.job('takeLocal', [group('alpha', 'a', 'b')])
  const said = (text: string) => () => bench.lines.some(line => line.includes(text))
  rmSync(join(bench.root, 'b.runs'))
  await bench.until(said('Restarting svc::b and what follows it in its group (restart 1)'))
  await bench.until(() => existsSync(join(bench.root, 'b.runs')))
  await bench.job('takeLocal', [], 2)
  rmSync(join(bench.root, 'b.runs'))
  await bench.until(() => bench.said.some(({ kind }) => kind === 'groupLost'))
  bench.runner.receive({ kind: 'goodbye' })
  const lost = bench.said.find(message => message.kind === 'groupLost')
  t.deepEqual(lost?.kind === 'groupLost' && lost.group, { node: 'alpha', key: 'svc::a' })
  t.false(existsSync(join(bench.root, 'a.runs')), 'the whole group is released')
  t.is(bench.held, 0)
  t.deepEqual(bench.calls.filter(call => /start|stop/.test(call)).slice(-2), ['b stop', 'a stop'])
})

test('a job does not wait for a monitor that hangs', async t => {
  const bench = new Bench(t, { monitorMs: 1, restartsMax: 0 })
  await bench.job('takeLocal', [group('alpha', 'a')])
  writeFileSync(join(bench.root, 'a.hang'), '')
  while (!bench.calls.includes('a hangs')) await sleep(5)
  t.deepEqual(await bench.job('give', [group('alpha', 'a')], 2), [])
  bench.runner.receive({ kind: 'goodbye' })
  t.false(bench.said.some(({ kind }) => kind === 'groupLost'))
})

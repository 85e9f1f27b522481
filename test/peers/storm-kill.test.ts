/**
 * The resource runner, the daemon, or both are killed while a script is at work, and scripts do what scripts must not.
 * The node keeps beating, starts nothing twice, loses nothing, and says what is wrong.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isAlive } from '../../src/base/io/processes.js'
import { readText, run, until } from './harness.js'
import { type Node, pair, SLOW, settled, start } from './loopback-nodes.js'

/**
 * Starts when go.NAME is there, ignores SIGTERM, floods its output and leaves a child that keeps its pipes open. A
 * second start beside the first leaves the file double.
 */
const WILD = `#!/bin/sh
cd "$HA_VARRUN" || exit 1
case $2 in
  start)
    mkdir at-work.$1 || touch double
    echo $$ > pid.$1
    trap '' TERM
    n=0
    while [ ! -e go.$1 ] && [ $n -lt 400 ]; do sleep 0.1; n=$((n+1)); done
    [ -e flood.$1 ] && yes "$1 says very much" | head -c 100000000
    sleep 20 &
    echo $! >> children
    touch runs.$1
    rmdir at-work.$1 ;;
  stop) rm -f runs.$1 ;;
  status) [ -e runs.$1 ] && echo running || echo stopped ;;
esac
`

const path = (node: Node, name: string): string => join(node.root, 'run', name)
const runs = (node: Node): boolean => existsSync(path(node, 'runs.x'))
const isAtWork = (node: Node): boolean => existsSync(path(node, 'at-work.x'))
const go = (node: Node): void => writeFileSync(path(node, 'go.x'), '')
const hold = (node: Node): void => rmSync(path(node, 'go.x'), { force: true })

async function together(t: ExecutionContext): Promise<{ alpha: Node; beta: Node }> {
  const nodes = pair(t, {
    haCf: [...SLOW, 'auto_failback off'],
    haresources: 'alpha wild::x\n',
    scripts: { wild: WILD },
  })
  t.teardown(() => {
    for (const node of [nodes.alpha, nodes.beta]) {
      const pids = [readText(path(node, 'children')), readText(path(node, 'pid.x'))].join('\n').split('\n')
      for (const pid of pids.map(Number)) if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL')
    }
  })
  return nodes
}

/** Fails with both logs. */
async function reach(
  what: string,
  nodes: readonly Node[],
  limitMs: number,
  holds: () => boolean,
): Promise<void> {
  await until(what, limitMs, holds).catch(error => {
    throw new Error(
      [
        error.message,
        ...nodes.map(({ name, log }) => `--- ${name}\n${log.replace(/.*very much\n/g, '')}`),
      ].join('\n'),
    )
  })
}

function beatsInTime(t: ExecutionContext, of: Node, seenBy: Node): void {
  const complaints = seenBy.log.match(
    new RegExp(`.*(Late heartbeat: Node ${of.name}|node ${of.name}: is dead).*`, 'g'),
  )
  t.deepEqual(complaints ?? [], [], `what ${seenBy.name} says of ${of.name}`)
}

test.serial(
  'killed in the middle of a start, the runner starts nothing twice, with and without its daemon',
  async t => {
    const { alpha, beta } = await together(t)
    const nodes = [alpha, beta]
    go(beta)
    await start(t, alpha)
    await start(t, beta)
    await reach('alpha is starting', nodes, 20_000, () => isAtWork(alpha))
    alpha.kill('heartbeat-runner')
    await reach('the next runner waits', nodes, 10_000, () =>
      /of an earlier resource runner still works/.test(alpha.log),
    )
    t.true(isAtWork(alpha))
    go(alpha)
    await reach('the start is taken for done', nodes, 10_000, () =>
      /Local Resource acquisition completed\./.test(alpha.log),
    )
    t.true(runs(alpha))
    t.is(alpha.log.match(/Running \S+\/wild x start/g)?.length, 1)
    beatsInTime(t, alpha, beta)

    await settled(alpha, beta)
    t.is((await alpha.command('hb_standby')).exitCode, 0)
    await reach('beta has it', nodes, 15_000, () => runs(beta) && !runs(alpha))
    hold(alpha)
    await settled(alpha, beta)
    t.is((await alpha.command('hb_takeover')).exitCode, 0)
    await reach('alpha is starting again', nodes, 15_000, () => isAtWork(alpha))
    t.false(runs(beta))
    alpha.kill('heartbeat')
    // Before it can end the start under way.
    alpha.kill('heartbeat-runner')
    await reach('beta takes over', nodes, 15_000, () => runs(beta))
    await start(t, alpha)
    await reach(
      'the new life waits for the old script',
      nodes,
      10_000,
      () =>
        existsSync(path(alpha, 'runs.x')) === false && (alpha.log.match(/still works/g)?.length ?? 0) >= 2,
    )
    go(alpha)
    await reach('what the old script started is stopped', nodes, 20_000, () =>
      /resource\.d\/wild x stop/.test(alpha.log.split('still works').at(-1)!),
    )
    await reach('alpha is without it', nodes, 10_000, () => !runs(alpha) && !isAtWork(alpha))
    t.true(runs(beta))
    for (const node of nodes) t.false(existsSync(path(node, 'double')), node.name)
    for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
    t.false(runs(alpha) || runs(beta))
  },
)

const BROKEN: Readonly<Record<string, (file: string) => void>> = {
  binary: file =>
    writeFileSync(file, Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7_919) & 255))),
  huge: file => writeFileSync(file, Buffer.alloc(50_000_000, 'x')),
  empty: file => writeFileSync(file, ''),
  missing: () => {},
  'a folder': file => mkdirSync(file),
}

test.serial(
  'scripts that flood, hang and leave children, and files that break under a reload, hold up no heartbeat',
  async t => {
    const { alpha, beta } = await together(t)
    const nodes = [alpha, beta]
    for (const node of nodes) {
      go(node)
      writeFileSync(path(node, 'flood.x'), '')
    }
    await start(t, alpha)
    await start(t, beta)
    await reach('alpha has started it', nodes, 30_000, () =>
      /Local Resource acquisition completed\./.test(alpha.log),
    )
    t.true(runs(alpha))
    t.true(/\d+ more lines of output/.test(alpha.log))
    t.true(alpha.log.length < 40_000, `${alpha.log.length} bytes of log for 100 MB of output`)

    const pid = alpha.pid('heartbeat')!
    for (const name of ['ha.cf', 'authkeys', 'haresources']) {
      const file = join(alpha.root, 'ha.d', name)
      const good = readFileSync(file)
      for (const [kind, make] of [['a FIFO', null] as const, ...Object.entries(BROKEN)]) {
        rmSync(file, { recursive: true, force: true })
        if (make) make(file)
        else t.is((await run('mkfifo', [file])).exitCode, 0)
        const before = alpha.log.length
        process.kill(pid, 'SIGHUP')
        // An empty haresources is a good file: no groups from now on. That is what was written, so it is left out.
        const isGood = name === 'haresources' && kind === 'empty'
        const answer = isGood ? /haresources has changed/ : /of before stays? in force/
        await reach(`${name}: ${kind} is told`, [alpha], 15_000, () => answer.test(alpha.log.slice(before)))
      }
      rmSync(file, { recursive: true, force: true })
      writeFileSync(file, good, { mode: 0o600 })
      process.kill(pid, 'SIGHUP')
    }
    t.true(runs(alpha))
    // An ha.cf that was written anew, with the same text too, begins a new life, and its doors open again in a moment.
    await until('cl_status is answered', 10_000, async () => {
      const told = await alpha.command('cl_status', 'rscstatus')
      return told.exitCode === 0 && told.stdout === 'local\n'
    })
    t.true(runs(alpha))
    beatsInTime(t, alpha, beta)
    beatsInTime(t, beta, alpha)

    await settled(alpha, beta)
    t.is((await alpha.command('hb_standby')).exitCode, 0)
    await reach('beta has it', nodes, 30_000, () => runs(beta) && !runs(alpha) && !isAtWork(beta))
    hold(alpha)
    await settled(alpha, beta)
    t.is((await alpha.command('hb_takeover')).exitCode, 0)
    await reach('alpha hangs in its start', nodes, 15_000, () => isAtWork(alpha))
    t.is((await alpha.command('cl_status', 'rscstatus')).stdout, 'transition\n')
    beatsInTime(t, alpha, beta)
    const script = Number(readText(path(alpha, 'pid.x')))
    t.true(isAlive(script))
    alpha.kill('heartbeat')
    await reach('the runner ends the script that ignores SIGTERM', nodes, 10_000, () => !isAlive(script))
    await reach('beta takes over', nodes, 30_000, () => runs(beta))
    await reach('the runner ends', nodes, 10_000, () => alpha.pid('heartbeat-runner') === null)
    t.false(runs(alpha))
    t.is((await beta.command('heartbeat', '-k')).exitCode, 0)
  },
)

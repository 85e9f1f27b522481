/** The command as built (dist/bin), unprivileged in a folder of its own, with the user-space proxy as forwarder. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { commandLine, readPidFile } from '../../../../src/base/io/processes.js'
import { type CommandResult, runCommand } from '../../../../src/base/io/run-command.js'
import { temporaryFolder } from '../../../temporary-folder.js'
import { until } from '../until.js'

const PROGRAM = resolve('dist/bin/ldirectord.cjs')
/** Of this process: several may run beside each other. */
const NET = `127.${64 + (process.pid % 128)}`
const GOOD = `checkinterval=1
virtual=${NET}.177.1:18480
    real=${NET}.177.2:18481 masq
    checktype=connect
`
const BROKEN = `${GOOD}    scheduler=WRR\n`

/** A process that has ended may stay as a zombie where nobody collects it; it has no command line any more. */
async function hasEnded(pid: number): Promise<boolean> {
  await until(() => commandLine(pid) === '')
  return commandLine(pid) === ''
}

async function node(t: ExecutionContext, config: string | null) {
  if (!existsSync(PROGRAM)) t.fail(`${PROGRAM} is missing: npm run build first`)
  const folder = temporaryFolder(t)
  const place = (name: string): string => join(folder, name)
  for (const name of ['ha', 'run', 'log', 'lib']) await mkdir(place(name))
  const write = (text: string): Promise<void> => writeFile(place('ha/ldirectord.cf'), text)
  if (config !== null) await write(config)
  const env = {
    PATH: process.env.PATH ?? '',
    HA_DIR: place('ha'),
    HA_VARLIB: place('lib'),
    HA_VARRUN: place('run'),
    HA_VARLOG: place('log'),
    LDIRECTORD_FORWARDER: 'proxy',
  }
  const run = (...args: string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [PROGRAM, ...args], { timeoutMs: 20_000, env })
  const pidFile = place('run/ldirectord.ldirectord.cf.pid')
  const gone = async (path: string): Promise<void> => {
    await until(() => !existsSync(path))
  }
  t.teardown(async () => {
    await run('ldirectord.cf', 'stop')
    await gone(pidFile)
    await gone(place('run/ldirectord-proxy.ldirectord.cf.pid'))
  })
  const log = (): string => readFileSync(place('log/ldirectord.log'), 'utf8')
  return { run, write, pidFile, gone, log, file: place('ha/ldirectord.cf') }
}

test('without an action, or with an unknown one, the usage is shown and the status is 255', async t => {
  const { run } = await node(t, GOOD)
  for (const args of [[], ['frobnicate'], ['ldirectord.cf', 'frobnicate'], ['-x', 'start']]) {
    const { exitCode, stdout } = await run(...args)
    t.is(exitCode, 255)
    t.regex(stdout, /^Usage:/)
  }
})

test('--help and --version end with 0', async t => {
  const { run } = await node(t, GOOD)
  for (const option of ['-h', '-?', '--help', '-v', '--version']) t.is((await run(option)).exitCode, 0)
})

test('a file that is nowhere is status 1 with its name', async t => {
  const { run } = await node(t, null)
  const { exitCode, stderr } = await run('web.cf', 'start')
  t.is(exitCode, 1)
  t.is(stderr, 'Config file web.cf not found\n')
})

test('stopped: status 3, stop 0, reload 1, try-restart 0', async t => {
  const { run, file } = await node(t, GOOD)
  const status = await run('ldirectord.cf', 'status')
  t.is(status.exitCode, 3)
  t.is(status.stdout, `ldirectord is stopped for ${file}\n`)
  t.is((await run('ldirectord.cf', 'stop')).exitCode, 0)
  t.is((await run('ldirectord.cf', 'reload')).exitCode, 1)
  t.is((await run('ldirectord.cf', 'try-restart')).exitCode, 0)
})

test('a faulty file: status, start and reload are 2, with the line in the original words and a caret', async t => {
  const { run, file } = await node(t, BROKEN)
  for (const action of ['status', 'start', 'reload']) {
    const { exitCode, stderr } = await run('ldirectord.cf', action)
    t.is(exitCode, 2)
    t.regex(
      stderr,
      /^Error \[\d+\] reading file .* at line 5: invalid scheduler, should be only lowercase letters/,
    )
    t.true(stderr.includes(`${file}:5:`) && stderr.includes('^~~'), stderr)
  }
  t.is((await run('ldirectord.cf', 'stop')).exitCode, 0)
})

test('a daemon starts, is found by its name, answers status on both streams, and stops', async t => {
  const { run, pidFile, gone, log, file } = await node(t, GOOD)
  t.is((await run('ldirectord.cf', 'start')).exitCode, 0)
  const pid = readPidFile(pidFile)!
  t.is(commandLine(pid), 'ldirectord ldirectord.cf start')
  t.is((await run('ldirectord.cf', 'start')).exitCode, 0)
  t.is(readPidFile(pidFile), pid)
  const status = await run('ldirectord.cf', 'status')
  t.is(status.exitCode, 0)
  t.is(status.stdout, `ldirectord for ${file} is running with pid: ${pid}\n`)
  t.is(status.stderr, status.stdout)
  const record = JSON.parse((await run('ldirectord.cf', 'status', '--json')).stdout)
  t.like(record, { pid, forwarder: 'proxy' })
  t.is((await run('ldirectord.cf', 'stop')).exitCode, 0)
  await gone(pidFile)
  t.true(await hasEnded(pid))
  t.regex(log(), /\|ldirectord\.cf\|\d+\] Starting Linux Director v1\.186-ha as daemon\n/)
  t.regex(log(), /Linux Director Daemon terminated on signal: TERM\n$/)
})

test('with a file broken meanwhile status says running, keeps the pid file, and stop stops', async t => {
  const { run, write, pidFile, gone } = await node(t, GOOD)
  await run('ldirectord.cf', 'start')
  const pid = readPidFile(pidFile)!
  await write(BROKEN)
  t.is((await run('ldirectord.cf', 'status')).exitCode, 0)
  t.is((await run('ldirectord.cf', 'reload')).exitCode, 2)
  t.is((await run('ldirectord.cf', 'restart')).exitCode, 2)
  t.is(readPidFile(pidFile), pid)
  t.regex(commandLine(pid), /ldirectord/)
  t.is((await run('ldirectord.cf', 'stop')).exitCode, 0)
  await gone(pidFile)
  t.true(await hasEnded(pid))
})

test('restart puts another process in place', async t => {
  const { run, pidFile } = await node(t, GOOD)
  await run('ldirectord.cf', 'start')
  const pid = readPidFile(pidFile)!
  t.is((await run('ldirectord.cf', 'restart')).exitCode, 0)
  t.not(readPidFile(pidFile), pid)
  t.true(await hasEnded(pid))
})

test('a stale pid file is status 1 and said', async t => {
  const { run, pidFile, file } = await node(t, GOOD)
  await writeFile(pidFile, '999999999\n')
  const { exitCode, stderr } = await run('ldirectord.cf', 'status')
  t.is(exitCode, 1)
  t.is(stderr, `ldirectord stale pid file ${pidFile} for ${file}\n`)
  await rm(pidFile)
})

const SERVED = `${GOOD}    service=none
    checktype=on
    real=${NET}.177.3:18481 masq 4
`

test('drain, drained and undrain work on a running daemon and hold over a restart', async t => {
  const { run, log } = await node(t, SERVED)
  t.is((await run('ldirectord.cf', 'drain', `${NET}.177.2`)).exitCode, 3, 'nothing runs')
  t.is((await run('ldirectord.cf', 'start')).exitCode, 0)
  const drain = ['drain', `${NET}.177.2`, '--reason', 'kernel update', '--until=2h', '--wait=10']
  t.is((await run('ldirectord.cf', ...drain)).exitCode, 0)
  t.regex(
    (await run('ldirectord.cf', 'drained')).stdout,
    /^127\.\d+\.177\.2:18481 .* kernel update +drained$/m,
  )
  t.is((await run('ldirectord.cf', 'restart')).exitCode, 0)
  const [entry] = JSON.parse((await run('ldirectord.cf', 'drained', '--json')).stdout)
  t.is(entry.server, `${NET}.177.2:18481`)
  t.is(entry.drain.untilUnixMs - entry.drain.sinceUnixMs > 7_190_000, true)
  const narrow = await run('ldirectord.cf', 'undrain', `${NET}.177.2:18481`)
  t.is(narrow.exitCode, 1)
  t.regex(narrow.stderr, /127\.\d+\.177\.2:18481 is drained as 127\.\d+\.177\.2: undrain that/)
  t.is((await run('ldirectord.cf', 'undrain', `${NET}.177.2`)).exitCode, 0)
  t.is((await run('ldirectord.cf', 'drained')).stdout, 'no real server is drained\n')
  t.regex(log(), /Draining real server: 127\.\d+\.177\.2:18481 .* by \S+: kernel update$/m)
  t.is((await run('ldirectord.cf', 'undrain', `${NET}.177.2`)).exitCode, 1)
})

const MISUSED: readonly (readonly [args: string[], complaint: RegExp])[] = [
  [['drain'], /wants a real server/],
  [['drain', 'a', 'b'], /one real server at a time/],
  [['drain', 'a', '--until', 'yesterday'], /--until wants a time to come/],
  [['drain', 'a', '--until', '2001-01-01'], /--until wants a time to come/],
  [['drain', 'a', '--reason'], /--reason wants a value/],
  [['drain', 'a', '--wait=long'], /--wait wants a number/],
  [['undrain', 'a', '--force'], /unknown option --force/],
]
test('misused options of the drain actions are refused with status 255 and one sentence', async t => {
  const { run } = await node(t, SERVED)
  for (const [args, complaint] of MISUSED) {
    const { exitCode, stderr } = await run('ldirectord.cf', ...args)
    t.is(exitCode, 255, args.join(' '))
    t.regex(stderr, complaint)
  }
})

test('check prints each result once and says by its status whether all passed', async t => {
  const { run, write } = await node(t, GOOD)
  const dead = await run('ldirectord.cf', 'check')
  t.is(dead.exitCode, 1)
  t.regex(
    dead.stdout,
    /^down 127\.\d+\.177\.2:18481 \(tcp:127\.\d+\.177\.1:18480\) connect: L4CON .*, \d+ ms\n$/,
  )
  await write(GOOD.replace('connect', 'on'))
  t.is((await run('ldirectord.cf', 'check')).exitCode, 0)
  await write(BROKEN)
  t.is((await run('ldirectord.cf', 'check')).exitCode, 2)
})

test('check --digest prints the digests of each answer, as md5sum and sha256sum do', async t => {
  const server = createServer((_request, response) => response.end('all is well\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const { run } = await node(t, `virtual=${NET}.177.1:80\n\treal=127.0.0.1:${port} masq\n`)
  const { exitCode, stdout } = await run('ldirectord.cf', 'check', '--digest')
  t.is(exitCode, 0)
  t.regex(stdout, /^ +md5 2670f929ce8c93af815ba0ae8fd591ff$/m)
  t.regex(stdout, /^ +sha256 d40b628baf7f757149f5b6d6d6aca317d478ef3a29433064d21cfdd06fb33b8d$/m)
})

test('plan tells what a start and a reload would do, and changes nothing', async t => {
  const { run, write, pidFile } = await node(t, SERVED)
  const fresh = await run('ldirectord.cf', 'plan')
  t.is(fresh.exitCode, 0)
  t.regex(fresh.stdout, /^a start would:\n {2}add virtual server 127\.\d+\.177\.1:18480 \(wrr\)\n/)
  t.false(existsSync(pidFile))
  await run('ldirectord.cf', 'start')
  const same = async () => (await run('ldirectord.cf', 'plan')).stdout
  for (let look = 0; look < 20 && !/nothing/.test(await same()); look++) await same()
  t.is(await same(), 'a reload would change nothing in the table\n')
  await write(SERVED.replace('masq 4', 'masq 5'))
  t.is(
    await same(),
    `a reload would:\n  change ${NET}.177.3:18481 in ${NET}.177.1:18480 (masq weight 4 -> masq weight 5)\n`,
  )
})

test('who asks the stopped one of the two instances of a file is told which one runs', async t => {
  const { run, file, pidFile } = await node(t, SERVED)
  t.is((await run('drained')).stderr, `ldirectord: it is stopped for ${file}\n`)
  await run('ldirectord.cf', 'start')
  const pid = readPidFile(pidFile)
  const told = (action: string): string =>
    `instance ldirectord.cf (pid ${pid}) runs the same file: ask it with "ldirectord ldirectord.cf ${action}"\n`
  const status = await run('status')
  t.deepEqual([status.exitCode, status.stdout], [3, `ldirectord is stopped for ${file}\n`])
  t.is(status.stderr, `ldirectord: ${told('status')}`)
  t.is((await run('drained')).stderr, `ldirectord: it is stopped for ${file}; ${told('drained')}`)
  t.true((await run('reload')).stderr.endsWith(told('reload')))
  t.true((await run('plan')).stderr.startsWith(`ldirectord: ${told('plan')}`))
})

test('status --watch prints a table each second', async t => {
  const { run, pidFile } = await node(t, SERVED)
  await run('ldirectord.cf', 'start')
  const watched = runCommand(process.execPath, [PROGRAM, 'ldirectord.cf', 'status', '--watch'], {
    timeoutMs: 2_500,
    env: {
      PATH: process.env.PATH ?? '',
      HA_DIR: pidFile.replace(/run\/.*/, 'ha'),
      HA_VARRUN: pidFile.replace(/\/[^/]*$/, ''),
    },
  })
  const { stdout } = await watched
  t.true(stdout.split(/^server +state/m).length >= 3)
  t.regex(stdout, /^ {2}127\.\d+\.177\.3:18481 +up +\d+ s +4 /m)
})

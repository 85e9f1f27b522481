/** ldirectord as others start it, with the programs as built: as an OCF resource and as a service of systemd. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ldirectord } from '../../../../src/agents/ldirectord.js'
import { commandLine, readPidFile } from '../../../../src/base/io/processes.js'
import { runCommand } from '../../../../src/base/io/run-command.js'
import { pathsFrom } from '../../../../src/base/paths.js'
import { temporaryFolder } from '../../../temporary-folder.js'

const bin = (name: string): string => resolve(`dist/bin/${name}.cjs`)
/** Of this process: several may run beside each other. */
const NET = `127.${64 + (process.pid % 128)}`
const FILE = `checkinterval=1
virtual=${NET}.178.1:18480
    real=${NET}.178.2:18481 masq
    checktype=connect
`

async function place(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  for (const name of ['ha', 'run', 'log', 'lib', 'bin']) await mkdir(join(folder, name))
  const file = join(folder, 'ha/ldirectord.cf')
  await writeFile(file, FILE)
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
    HA_DIR: join(folder, 'ha'),
    HA_VARLIB: join(folder, 'lib'),
    HA_VARRUN: join(folder, 'run'),
    HA_VARLOG: join(folder, 'log'),
    LDIRECTORD_FORWARDER: 'proxy',
    OCF_RESKEY_configfile: file,
  }
  const run = (program: string, ...args: string[]) =>
    runCommand(process.execPath, [bin(program), ...args], { timeoutMs: 20_000, env })
  const until = async (what: string, look: () => boolean | Promise<boolean>): Promise<void> => {
    for (let looks = 0; looks < 200; looks++) {
      if (await look()) return
      await new Promise(done => setTimeout(done, 50))
    }
    throw new Error(`not within 10 s: ${what}`)
  }
  const pidFile = join(folder, 'run/ldirectord.ldirectord.cf.pid')
  t.teardown(async () => {
    await run('ldirectord', 'ldirectord.cf', 'stop')
    await until('the proxy ends', () => !existsSync(join(folder, 'run/ldirectord-proxy.ldirectord.cf.pid')))
  })
  const background = (...args: string[]) => {
    const child = spawn(process.execPath, [bin('ldirectord'), ...args], { env, stdio: 'ignore' })
    t.teardown(() => void child.kill('SIGKILL'))
    return child
  }
  return { env, file, folder, pidFile, run, until, background }
}

test('the OCF agent starts, watches and stops; a stop is done when it returns', async t => {
  const { pidFile, run } = await place(t)
  t.is((await run('ldirectord-ocf', 'monitor')).exitCode, 7)
  t.is((await run('ldirectord-ocf', 'start')).exitCode, 0)
  t.is((await run('ldirectord-ocf', 'monitor')).exitCode, 0)
  t.is((await run('ldirectord-ocf', 'start')).exitCode, 0, 'twice is once')
  t.is((await run('ldirectord-ocf', 'stop')).exitCode, 0)
  t.false(existsSync(pidFile))
  t.is((await run('ldirectord-ocf', 'monitor')).exitCode, 7)
  t.is((await run('ldirectord-ocf', 'stop')).exitCode, 0)
})

test('validate-all refuses a faulty file with the line, and a running daemon is watched and stopped all the same', async t => {
  const { file, run } = await place(t)
  t.is((await run('ldirectord-ocf', 'validate-all')).exitCode, 0)
  t.is((await run('ldirectord-ocf', 'start')).exitCode, 0)
  await writeFile(file, `${FILE}    scheduler=WRR\n`)
  const refused = await run('ldirectord-ocf', 'validate-all')
  t.is(refused.exitCode, 6)
  t.regex(refused.stderr, /at line 5/)
  t.is((await run('ldirectord-ocf', 'monitor')).exitCode, 0)
  t.is((await run('ldirectord-ocf', 'stop')).exitCode, 0)
  t.is((await run('ldirectord-ocf', 'monitor')).exitCode, 1)
})

test('warm first, then start: the standby has the table, and a stop gives it back', async t => {
  const { background, pidFile, run, until } = await place(t)
  const standby = background('ldirectord.cf', 'warm')
  const role = async () => {
    const { stdout, exitCode } = await run('ldirectord', 'ldirectord.cf', 'status', '--json')
    return stdout.startsWith('{') ? `${JSON.parse(stdout).role} ${exitCode}` : `none ${exitCode}`
  }
  await until('it is warm', async () => (await role()) === 'warm 3')
  t.is((await run('ldirectord', 'ldirectord.cf', 'start')).exitCode, 0)
  t.is(readPidFile(pidFile), standby.pid!)
  t.is(await role(), 'active 0')
  const status = await run('ldirectord', 'ldirectord.cf', 'status')
  t.is(status.exitCode, 0)
  t.is((await run('ldirectord', 'ldirectord.cf', 'stop')).exitCode, 0)
  t.is(await role(), 'warm 3')
  t.false(existsSync(pidFile))
  t.is((await run('ldirectord', 'ldirectord.cf', 'restart')).exitCode, 0)
  t.is((await run('ldirectord', 'ldirectord.cf', 'restart')).exitCode, 0)
  t.is(readPidFile(pidFile), standby.pid!, 'a restart leaves the standby in place')
  standby.kill('SIGTERM')
  await until('its end takes the pid file along', () => !existsSync(pidFile))
  t.is(await role(), 'none 3')
})

test('the resource agent has a warm standby take and leave the table without starting a command', async t => {
  const { background, env, folder, pidFile, until } = await place(t)
  const context = { paths: pathsFrom(env), env, signal: new AbortController().signal, log: () => {} }
  const asked = async (action: string): Promise<string> => {
    const { exitCode, output } = await ldirectord.run(['ldirectord.cf'], action, context)
    return `${exitCode} ${output}`.trim()
  }
  const { pid } = background('ldirectord.cf', 'warm')
  const file = join(folder, 'ha/ldirectord.cf')
  await until('it is warm', async () => (await asked('status')) === `3 ldirectord is stopped for ${file}`)
  await until(
    'it takes the table',
    async () => (await asked('start')) === '0' && readPidFile(pidFile) === pid,
  )
  t.is(await asked('status'), `0 ldirectord for ${file} is running with pid: ${pid}`)
  t.is(await asked('monitor'), `0 ldirectord for ${file} is running with pid: ${pid}`)
  t.is(await asked('start'), '0', 'twice is once')
  const log = (): Promise<string> => readFile(join(folder, 'log/ldirectord.log'), 'utf8')
  await until('it is told', async () => /has taken over the table in \d+ ms/.test(await log()))
  t.is(await asked('stop'), '0')
  t.false(existsSync(pidFile))
  t.is(await asked('stop'), '0')
  const whole = await readFile(join(folder, 'log/ldirectord.log'), 'utf8')
  t.deepEqual(
    whole.match(/invoked as: .*/g)?.filter(line => !/ warm ?$/.test(line)),
    [],
  )
})

test('the launcher of resource.d has every action of the command, and those of OCF', async t => {
  const { background, env, file, run, until } = await place(t)
  const launch = (...args: string[]) =>
    runCommand('resource.d/ldirectord', args, {
      timeoutMs: 20_000,
      env: { ...env, PATH: `${dirname(process.execPath)}:${env.PATH}`, HA_AGENT_BIN: resolve('dist/bin') },
    })
  t.like(await launch('ldirectord.cf', 'status'), {
    exitCode: 3,
    stdout: `ldirectord is stopped for ${file}\n`,
  })
  const standby = background('ldirectord.cf', 'warm')
  await until('it is warm', async () =>
    (await run('ldirectord', 'ldirectord.cf', 'status', '--json')).stdout.includes('"role":"warm"'),
  )
  const second = await launch('ldirectord.cf', 'warm')
  t.is(second.exitCode, 1)
  t.regex(second.stderr, new RegExp(`warm standby for ldirectord\\.cf already, with pid: ${standby.pid}`))
  t.regex((await launch('meta-data')).stdout, /<resource-agent name="ldirectord"/)
  t.is((await launch('ldirectord.cf', 'validate-all')).exitCode, 0)
})

test('start first, then warm: the standby waits, is warm after a stop, and has the table after a crash', async t => {
  const { background, folder, pidFile, run, until } = await place(t)
  const log = (): Promise<string> => readFile(join(folder, 'log/ldirectord.log'), 'utf8')
  t.is((await run('ldirectord', 'ldirectord.cf', 'start')).exitCode, 0)
  const ordinary = readPidFile(pidFile)!
  const standby = background('ldirectord.cf', 'warm')
  await until('it waits', async () => /Warm standby waits: ldirectord runs already/.test(await log()))
  t.is(readPidFile(pidFile), ordinary)
  process.kill(ordinary, 'SIGKILL')
  await until('it has the table', () => readPidFile(pidFile) === standby.pid)
  await until('it answers', async () => (await run('ldirectord', 'ldirectord.cf', 'status')).exitCode === 0)
  // Now the standby itself is killed, and the next one, as heartbeat starts it, goes on.
  standby.kill('SIGKILL')
  await until('it is gone', () => commandLine(standby.pid!) === '')
  t.is((await run('ldirectord', 'ldirectord.cf', 'status')).exitCode, 1, 'a stale pid file is told')
  const next = background('ldirectord.cf', 'warm')
  await until('the next one has the table', () => readPidFile(pidFile) === next.pid)
  t.is((await run('ldirectord', 'ldirectord.cf', 'stop')).exitCode, 0)
  t.is((await run('ldirectord', 'ldirectord.cf', 'status')).exitCode, 3)
  t.true(commandLine(next.pid!) !== '')
})

test('a standby does not end for a faulty file: it waits for one that it can use', async t => {
  const { background, file, folder, run, until } = await place(t)
  await writeFile(file, `${FILE}    scheduler=WRR\n`)
  const log = (): Promise<string> => readFile(join(folder, 'log/ldirectord.log'), 'utf8').catch(() => '')
  const standby = background('ldirectord.cf', 'warm')
  await until('it waits', async () => /Warm standby waits for a file/.test(await log()))
  t.regex(await log(), /at line 5/)
  await writeFile(file, FILE)
  await until('it is warm', async () =>
    (await run('ldirectord', 'ldirectord.cf', 'status', '--json')).stdout.includes('"role":"warm"'),
  )
  t.is(standby.exitCode, null)
})

test('status asks the instances of execute= too, first, and is its own; a reload of what is stopped says so', async t => {
  const { file, folder, run } = await place(t)
  await writeFile(join(folder, 'ha/other.cf'), FILE.replaceAll('18480', '18482'))
  await writeFile(file, `execute=other.cf\n${FILE}`)
  // Recorded from ldirectord 4.12: status 1 and a line in the log, which here is said to whoever asks as well.
  const reload = await run('ldirectord', 'ldirectord.cf', 'reload')
  t.is(reload.exitCode, 1)
  t.regex(reload.stderr, /^ldirectord is stopped for .*ldirectord\.cf: there is nothing to reload\n$/)
  await writeFile(join(folder, 'run/ldirectord.ldirectord.cf.pid'), `${process.pid}\n`)
  process.title = 'node ldirectord'
  const status = await run('ldirectord', 'ldirectord.cf', 'status')
  await rm(join(folder, 'run/ldirectord.ldirectord.cf.pid'))
  t.is(status.exitCode, 0)
  t.regex(status.stdout, /^ldirectord is stopped for .*other\.cf\nldirectord for .*ldirectord\.cf is running/)
  const log = await readFile(join(folder, 'log/ldirectord.log'), 'utf8')
  t.regex(log, /system\(\S+ other\.cf status\) failed: /)
})

test('each signal that ends the original in order ends it in order', async t => {
  const { env, file } = await place(t)
  const ended = async (signal: NodeJS.Signals): Promise<string> => {
    const child = spawn(process.execPath, [bin('ldirectord'), '-d', file, 'start'], { env, stdio: 'pipe' })
    t.teardown(() => void child.kill('SIGKILL'))
    let said = ''
    child.stdout.resume()
    child.stderr.on('data', (text: Buffer) => {
      if (!said.includes('Forwarding by') && `${said}${text}`.includes('Forwarding by')) child.kill(signal)
      said += text
    })
    const [exitCode] = (await once(child, 'close')) as [number | null]
    const last = said.trimEnd().split('\n').slice(-2).join('; ')
    return `${signal} ${exitCode} ${last}`
  }
  const names = ['TERM', 'INT', 'QUIT', 'ABRT', 'SYS', 'XCPU', 'XFSZ']
  const all = await Promise.all(names.map(name => ended(`SIG${name}` as NodeJS.Signals)))
  t.deepEqual(
    all,
    names.map(name => {
      const line = `Linux Director Daemon terminated on signal: ${name}`
      return `SIG${name} 0 ${line}; Exiting with exit_status 0: ${line}`
    }),
  )
})

test('systemd hears ready when the table is written, each reload, and the stop', async t => {
  const { env, folder, pidFile, run, until } = await place(t)
  const heard = join(folder, 'heard')
  // Stands for systemd-notify, whose words are its interface.
  const notify = join(folder, 'bin/systemd-notify')
  await writeFile(notify, `#!/bin/sh\necho "$@" >> ${heard}\n`)
  await chmod(notify, 0o755)
  const told = (): Promise<string> => readFile(heard, 'utf8').catch(() => '')
  const child = spawn(process.execPath, [bin('ldirectord'), '--foreground', 'ldirectord.cf', 'start'], {
    env: { ...env, NOTIFY_SOCKET: join(folder, 'notify') },
    stdio: 'ignore',
  })
  const ended = new Promise<number | null>(done => child.once('exit', done))
  await until('ready', async () => (await told()).includes('READY=1'))
  t.is(await told(), `READY=1 MAINPID=${child.pid} STATUS=running\n`)
  t.is(readPidFile(pidFile), child.pid!)
  t.is((await run('ldirectord', 'ldirectord.cf', 'reload')).exitCode, 0)
  await until('ready again', async () => (await told()).split('READY=1').length === 3)
  t.regex(await told(), /RELOADING=1/)
  child.kill('SIGTERM')
  t.is(await ended, 0)
  t.regex(await told(), /STOPPING=1/)
  t.false(existsSync(pidFile))
})

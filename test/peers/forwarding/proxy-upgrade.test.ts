/**
 * An upgrade of ldirectord with the proxy as its forwarder, with the programs as built: one installation is stopped,
 * another one of another build is started, while clients connect without a pause and others keep what they have open.
 */
import { appendFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { commandLine, isAlive, readPidFile } from '../../../src/base/io/processes.js'
import { freePort } from '../../free-port.js'
import { client, NAME_AND_ECHO, startServer } from '../../ldirectord/proxy/real-servers.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { environment, project, readText, run, until } from '../harness.js'
import { peerTest } from '../require.js'

const test = peerTest()

const KEPT = 40
const CALLERS = 6

/** Callers that connect, hear the server's name and hang up, one connection after the other, until told to stop. */
function load(port: number): {
  readonly stop: () => Promise<{ calls: number; failures: string[] }>
  calls(): number
} {
  let isOver = false
  let calls = 0
  const failures: string[] = []
  const call = (): Promise<void> =>
    new Promise(done => {
      const socket = connect(port, '127.0.0.1')
      let heard = ''
      socket.setTimeout(5_000, () => socket.destroy(new Error('silence')))
      socket.on('data', chunk => {
        heard += chunk
        socket.end()
      })
      socket.on('error', error => failures.push(error.message))
      socket.on('close', () => {
        calls++
        if (!/^[ab]$/.test(heard)) failures.push(`heard "${heard}"`)
        done()
      })
    })
  const callers = Array.from({ length: CALLERS }, async () => {
    while (!isOver) await call()
  })
  return {
    calls: () => calls,
    async stop() {
      isOver = true
      await Promise.all(callers)
      return { calls, failures }
    },
  }
}

/** With it TCP is carried by workers, whose sockets are handed over in another way. */
type Libraries = 'with koffi' | 'without koffi'

/** Two installations that share their files; of the second the proxy is another build. */
function installations(t: ExecutionContext, config: string, libraries: Libraries) {
  const folder = temporaryFolder(t)
  if (libraries === 'with koffi') symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  for (const name of ['ha', 'run', 'log', 'lib']) mkdirSync(join(folder, name))
  for (const name of ['old', 'new'])
    cpSync(join(project, 'dist/bin'), join(folder, name), { recursive: true })
  appendFileSync(join(folder, 'new/ldirectord-proxy.cjs'), '\n// another build\n')
  writeFileSync(join(folder, 'ha/ldirectord.cf'), config)
  const env = {
    ...environment(),
    HA_DIR: join(folder, 'ha'),
    HA_VARLIB: join(folder, 'lib'),
    HA_VARRUN: join(folder, 'run'),
    HA_VARLOG: join(folder, 'log'),
  }
  const ldirectord = (which: 'old' | 'new', ...words: string[]) =>
    run(process.execPath, [join(folder, which, 'ldirectord.cjs'), 'ldirectord.cf', ...words], { env })
  const proxyPid = (): number => readPidFile(join(folder, 'run/ldirectord-proxy.ldirectord.cf.pid')) ?? 0
  t.teardown(async () => {
    const proxy = proxyPid()
    await ldirectord('new', 'stop')
    if (commandLine(proxy).includes('ldirectord-proxy')) process.kill(proxy, 'SIGTERM')
    await until('the proxy ends', 10_000, () => !isAlive(proxy))
  })
  return { ldirectord, proxyPid, log: () => readText(join(folder, 'log/ldirectord.log')) }
}

async function upgrade(t: ExecutionContext, libraries: Libraries): Promise<void> {
  const [a, b] = [await startServer(NAME_AND_ECHO('a')), await startServer(NAME_AND_ECHO('b'))]
  t.teardown(() => Promise.all([a.close(), b.close()]))
  const port = await freePort()
  const { ldirectord, proxyPid, log } = installations(
    t,
    `checkinterval=1
forwarder=proxy
cleanstop=no
virtual=127.0.0.1:${port}
    real=127.0.0.1:${a.port} masq
    real=127.0.0.1:${b.port} masq
    checktype=connect
`,
    libraries,
  )
  t.is((await ldirectord('old', 'start')).exitCode, 0)
  await until('both servers are up', 15_000, async () => {
    const { stdout } = await ldirectord('old', 'status', '--json')
    return (stdout.match(/"health":"up"/g) ?? []).length === 2
  })
  const old = proxyPid()
  const kept = Array.from({ length: KEPT }, () => client(port))
  await until('the kept connections stand', 10_000, () => kept.every(({ text }) => text().length === 1))
  const callers = load(port)
  await until('the load runs', 10_000, () => callers.calls() > 100)

  t.is((await ldirectord('old', 'stop')).exitCode, 0)
  // Stop does not wait, and a start finds nothing to do while the old one still runs.
  await until(
    'the old ldirectord has ended',
    10_000,
    async () => (await ldirectord('old', 'status')).exitCode === 3,
  )
  t.is((await ldirectord('new', 'start')).exitCode, 0)
  await until('the new proxy took over', 10_000, () => / has taken over, /.test(log()))
  const before = callers.calls()
  await until('the load goes on', 10_000, () => callers.calls() > before + 200)
  const { calls, failures } = await callers.stop()
  t.deepEqual(failures, [], `${failures.length} of ${calls} connections failed`)

  t.is(/forwards TCP in one thread/.test(log()), libraries === 'without koffi')
  const successor = proxyPid()
  t.not(successor, old)
  t.true(isAlive(old))
  for (const { socket } of kept) socket.write('!')
  await until('the kept connections answer', 10_000, () => kept.every(({ text }) => /^[ab]!$/.test(text())))

  const waiting = ldirectord('new', 'drain', `127.0.0.1:${a.port}`, '--wait=20')
  await until('the drain is under way', 10_000, async () =>
    /open/.test((await ldirectord('new', 'drained')).stdout),
  )
  const drained = (await ldirectord('new', 'drained')).stdout
  t.regex(drained, new RegExp(`${KEPT / 2} connections are open`), drained)
  for (const { socket } of kept) socket.end()
  const { exitCode, stdout, stderr } = await waiting
  t.is(exitCode, 0, stdout + stderr)
  await until('the old process ends with its last connection', 10_000, () => !isAlive(old))
}

for (const libraries of ['with koffi', 'without koffi'] as const) {
  const title =
    'an upgrade of ldirectord refuses no connection, keeps those that are open, and a drain waits for them'
  test(`${libraries}: ${title}`, t => upgrade(t, libraries))
}

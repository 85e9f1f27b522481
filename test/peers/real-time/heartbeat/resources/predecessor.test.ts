import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { startTicks } from '../../../../../src/base/io/processes.js'
import { callKeeper, callsFile, succeed } from '../../../../../src/heartbeat/resources/predecessor.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

test('a runner waits for the script that a killed runner has left at work, and says so', async t => {
  const folder = temporaryFolder(t)
  const pidFile = join(folder, 'heartbeat-runner.pid')
  const script = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  t.teardown(() => script.kill('SIGKILL'))
  callKeeper(callsFile(pidFile))(script.pid!)
  const said: string[] = []
  let isSucceeded = false
  let hasSaid: () => void = () => {}
  const first = new Promise<void>(resolve => {
    hasSaid = resolve
  })
  const succession = succeed(pidFile, process.pid, text => {
    said.push(text)
    hasSaid()
  })
  await first
  t.deepEqual(said, [
    `process ${script.pid} (cat) of an earlier resource runner still works; waiting for its end`,
  ])
  void succession.then(() => {
    isSucceeded = true
  })
  await new Promise(resolve => setTimeout(resolve, 200))
  t.false(isSucceeded, 'before the script has ended')
  script.stdin.end()
  await succession
  // The kernel knows of the end before this process has heard of it.
  t.is(startTicks(script.pid!), null)
  t.is(said.length, 1)
  t.is(readFileSync(pidFile, 'utf8'), `${process.pid}\n`)
})

test('a call that has ended, a pid that somebody else has now, and a file of garbage hold nobody up', async t => {
  const folder = temporaryFolder(t)
  const pidFile = join(folder, 'heartbeat-runner.pid')
  for (const text of [`${process.pid} 12\n`, '999999999 1\n', 'x'.repeat(10_000), '']) {
    writeFileSync(callsFile(pidFile), text)
    await succeed(pidFile, process.pid, text => t.fail(text))
  }
  const ended = callKeeper(callsFile(pidFile))(process.pid)
  t.regex(readFileSync(callsFile(pidFile), 'utf8'), new RegExp(`^${process.pid} \\d+\\n$`))
  ended()
  t.is(readFileSync(callsFile(pidFile), 'utf8'), '')
})

test('a script that does not end within the limit is killed with its group, and nothing else is', async t => {
  const folder = temporaryFolder(t)
  const pidFile = join(folder, 'heartbeat-runner.pid')
  const [script, other] = [0, 1].map(() =>
    spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'], detached: true }),
  )
  t.teardown(() => other!.kill('SIGKILL'))
  const ended = new Promise(resolve => script!.once('exit', (_code, signal) => resolve(signal)))
  callKeeper(callsFile(pidFile))(script!.pid!)
  const said: string[] = []
  await succeed(pidFile, process.pid, text => said.push(text), 1)
  t.is(await ended, 'SIGKILL')
  t.regex(said.at(-1)!, /does not end; it is killed$/)
  t.is(other!.exitCode, null)
})

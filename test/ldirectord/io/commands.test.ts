import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Commands, fallbackArguments } from '../../../src/ldirectord/io/commands.js'
import { temporaryFolder } from '../../temporary-folder.js'

const key = { protocol: 'tcp', family: 4, address: '127.0.1.1', port: 8080 } as const

test('a fallbackcommand gets start or stop, the service and the protocol; a mark has no server and port 0', t => {
  t.deepEqual(fallbackArguments(key, true), ['start', '127.0.1.1:8080', 'tcp'])
  t.deepEqual(fallbackArguments({ protocol: 'fwm', family: 4, mark: 5 }, false), ['stop', ':0', 'fwm'])
})

/** A script that appends its arguments to a file; gives its path, the lines, and a wait for their number. */
async function recorder(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  const script = join(folder, 'script')
  await writeFile(script, `#!/bin/sh\necho "$#:$*" >> ${folder}/calls\n`)
  await chmod(script, 0o755)
  const failures: string[] = []
  let failed: () => void = () => {}
  const commands = new Commands(sentence => {
    failures.push(sentence)
    failed()
  })
  /** The last command fails on purpose: all before it have then run, one after the other. */
  const done = async (): Promise<string[]> => {
    const waiting = new Promise<void>(resolve => {
      failed = resolve
    })
    commands.fallback('exit 3 #', key, true)
    await waiting
    return (await readFile(join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  }
  return { script, commands, done, failures, folder }
}

test('commands run one after the other, in order, with their words apart', async t => {
  const { commands, script, done, failures } = await recorder(t)
  commands.fallback(script, key, true)
  commands.fallback(`${script} 'two words'`, key, false)
  commands.callback(script, '/etc/ha.d/ldirectord.cf')
  t.deepEqual(await done(), [
    '3:start 127.0.1.1:8080 tcp',
    '4:two words stop 127.0.1.1:8080 tcp',
    '1:/etc/ha.d/ldirectord.cf',
  ])
  t.regex(failures[0]!, /exit status 3/)
})

test('a callback that cannot be executed is none', async t => {
  const { commands, done, folder } = await recorder(t)
  commands.callback(join(folder, 'missing'), 'x')
  t.deepEqual(await done(), [])
})

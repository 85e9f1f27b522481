/** Names of instances, pid files and places as the original has them. */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { findInstance, lookForDaemon } from '../../../src/ldirectord/io/instance.js'
import { temporaryFolder } from '../../temporary-folder.js'

async function folder(t: ExecutionContext): Promise<string> {
  const made = temporaryFolder(t)
  return made
}

test('without a file the instance is called ldirectord and runs ldirectord.cf', t => {
  const instance = findInstance(null, {})
  t.like(instance, { name: 'ldirectord', given: 'ldirectord.cf' })
  t.is(instance.pidFile, '/var/run/ldirectord.ldirectord.pid')
  t.is(instance.defaultLog, '/var/log/ldirectord.log')
})

test('with a file the instance is called like its last part, with the ending', t => {
  t.is(findInstance('ldirectord.cf', {}).pidFile, '/var/run/ldirectord.ldirectord.cf.pid')
  t.is(findInstance('/some/where/web.cf', {}).name, 'web.cf')
})

test('a file is looked for in the configuration folder, in its conf, and as given', async t => {
  const haDir = await folder(t)
  await mkdir(join(haDir, 'conf'))
  const find = (given: string) => findInstance(given, { HA_DIR: haDir }).file
  t.is(find('web.cf'), null)
  await writeFile(join(haDir, 'conf/web.cf'), '')
  t.is(find('web.cf'), `${haDir}/conf/web.cf`)
  await writeFile(join(haDir, 'web.cf'), '')
  t.is(find('web.cf'), `${haDir}/web.cf`)
  t.is(find(join(haDir, 'web.cf')), join(haDir, 'web.cf'))
})

test('a pid file is stale when its process is gone or is none of ours', async t => {
  const path = join(await folder(t), 'pid')
  t.is(lookForDaemon(path).state, 'stopped')
  await writeFile(path, '999999999\n')
  t.is(lookForDaemon(path).state, 'stale')
  await writeFile(path, '1\n')
  t.is(lookForDaemon(path).state, 'stale')
})

test('a process with ldirectord in its command line counts as running', async t => {
  const path = join(await folder(t), 'pid')
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'ldirectord'])
  t.teardown(() => child.kill())
  await new Promise(resolve => child.once('spawn', resolve))
  await writeFile(path, `${child.pid}\n`)
  t.deepEqual(lookForDaemon(path), { state: 'running', pid: child.pid! })
})

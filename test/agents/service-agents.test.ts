// Filesystem, apache and OCF.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { apache } from '../../src/agents/apache.js'
import { readApacheConfig, readDumpedPidFile } from '../../src/agents/apache-plan.js'
import { filesystem } from '../../src/agents/filesystem.js'
import { mountAt, parseFilesystem, planFsck, planMount, readMounts, unmountOrder } from '../../src/agents/filesystem-plan.js' // biome-ignore format: one import
import { ocf } from '../../src/agents/ocf.js'
import { parseOcfArguments, readAssignments } from '../../src/agents/ocf-plan.js'
import { world } from './world.js'

const asked = (...args: string[]) => {
  const parsed = parseFilesystem(args)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

// Arguments, then the words of the mount command that strace saw of the original (bind mounts: see the document).
for (const [args, words] of [
  [['/dev/sda1', '/mnt'], '/dev/sda1 /mnt'],
  [['/x/fs.img', '/mnt', 'ext2', 'loop'], '-t ext2 -o loop /x/fs.img /mnt'],
  [['/dev/loop0', '/mnt/', 'ext2'], '-t ext2 /dev/loop0 /mnt'],
  [['-Ldata', '/mnt', 'ext4'], '-t ext4 -L data /mnt'],
  [['/src', '/mnt', 'none', 'bind,ro'], '-o bind,ro /src /mnt'],
  [['nas:/export', '/mnt', 'nfs', 'vers=4'], '-t nfs -o vers=4 nas:/export /mnt'],
] as const) {
  test(`Filesystem ${args.join(' ')} is mounted by: mount ${words}`, t => {
    t.is(planMount(asked(...args)).join(' '), words)
  })
}

test('only filesystems without a journal are checked before they are mounted, and only on block devices', t => {
  t.deepEqual(planFsck(asked('/dev/loop0', '/mnt', 'ext2'), true), ['-t', 'ext2', '-p', '/dev/loop0'])
  t.is(planFsck(asked('/dev/loop0', '/mnt', 'ext4'), true), null)
  t.is(planFsck(asked('/x/fs.img', '/mnt', 'ext2', 'loop'), false), null)
})

test('Filesystem refuses options in the place of a device, relative directories and the root', t => {
  for (const args of [['-o', '/mnt'], ['--bind', '/mnt'], ['tmpfs', 'relative'], ['tmpfs', '/'], ['tmpfs', '//'], ['tmpfs', '/a/../b'], ['tmpfs', '/m', '-x'], ['tmpfs', '/m', 'tmpfs', '-x'], ['', '/m'], ['a', '/m', 'ext4', 'rw', 'force_unmount=maybe'], ['a', '/m', 'ext4', 'rw', 'more']]) // biome-ignore format: one list
    t.true('problem' in parseFilesystem(args), args.join(' '))
  t.true(asked('tmpfs', '/m', 'force_unmount=yes').forceUnmount)
  t.false(asked('tmpfs', '/m', 'tmpfs').forceUnmount)
})

test('mounts are read with their escapes, and unmounted from the inside out', t => {
  const mounts = readMounts(
    [
      '24 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
      '30 24 0:40 / /mnt/a\\040b rw,relatime - tmpfs tmpfs rw',
      '31 30 0:41 / /mnt/a\\040b/sub rw - tmpfs x rw',
      '32 24 0:42 / /mnt/a\\040bc rw - tmpfs y rw',
    ].join('\n'),
  )
  t.is(mountAt('/mnt/a b', mounts)?.device, '0:40')
  t.deepEqual(unmountOrder('/mnt/a b', mounts), ['/mnt/a b/sub', '/mnt/a b'])
  t.is(mountAt('/mnt', mounts), undefined)
})

test('a directory where nothing is mounted is stopped, and its stop needs no command', async t => {
  const context = world(t, { PATH: '/nonexistent' })
  const run = async (action: string) => (await filesystem.run(['tmpfs', `${context.root}/m`, 'tmpfs'], action, context)).exitCode // biome-ignore format: one call
  t.deepEqual([await run('status'), await run('stop'), await run('monitor')], [7, 0, 7])
})

test('a device that is not there is named', async t => {
  const context = world(t)
  const outcome = await filesystem.run(['/dev/nosuch', `${context.root}/m`, 'ext4'], 'start', context)
  t.is(outcome.exitCode, 5)
  t.regex(outcome.output, /Couldn't find device \[\/dev\/nosuch\]/)
})

test('a configuration file of OCF is read as a shell would read its assignments', t => {
  // Recorded: what the environment of an agent held after the original had read these lines.
  const text = 'fake=1 # c\n OCF_RESKEY_state=/run/dummy.state\nquoted="a b"\n\nquo2=\'c d\'\nexport last=\n'
  t.deepEqual(readAssignments(text), [
    ['fake', '1'],
    ['OCF_RESKEY_state', '/run/dummy.state'],
    ['quoted', 'a b'],
    ['quo2', 'c d'],
    ['last', ''],
  ])
})

test('what only a shell can do is refused with the line that wants it', t => {
  for (const line of [
    'a=$(id)',
    'a=`id`',
    'a="$HOME"',
    'rm -rf /',
    'a=1; id',
    'a=b c',
    '. other',
    'if true',
  ]) {
    const read = readAssignments(`x=1\n${line}\n`)
    t.true('problem' in read && read.problem.startsWith('line 2 '), line)
  }
})

test('OCF takes a file name or assignments behind the name of the agent', t => {
  t.like(parseOcfArguments(['Dummy', 'one']), { provider: null, type: 'Dummy', file: 'conf/OCF/Dummy/one' })
  t.like(parseOcfArguments(['heartbeat:IPaddr2', 'ip=10.0.0.1', 'nic=eth0']), {
    provider: 'heartbeat',
    type: 'IPaddr2',
    instance: 'IPaddr2_10.0.0.1',
    assignments: [['ip', '10.0.0.1'], ['nic', 'eth0']], // biome-ignore format: two pairs
  })
  for (const args of [['../x', 'one'], ['Dummy', '../../etc/passwd'], ['Dummy', 'a', 'b'], ['a:b:c', 'one'], ['Dummy', 'x=1', 'y'], ['.hidden', 'one']]) // biome-ignore format: one list
    t.true('problem' in parseOcfArguments(args), args.join(' '))
})

test('OCF runs the agent with its parameters and says running only for exit code 0', async t => {
  const context = world(t)
  const root = join(context.root, 'ocf')
  const folder = join(root, 'resource.d', 'heartbeat')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'BOOK'),
    `#!/bin/sh
case "$1" in
start) env > ${context.root}/env; touch ${context.root}/on;;
stop) rm -f ${context.root}/on;;
monitor) echo "running or not"; [ -f ${context.root}/on ] || exit 7;;
meta-data) echo "<resource-agent/>";;
*) exit 3;;
esac
`,
  )
  chmodSync(join(folder, 'BOOK'), 0o755)
  const here = { ...context, env: { ...context.env, OCF_ROOT: root } }
  const run = (action: string) => ocf.run(['BOOK', 'state=/x', 'PATH=/evil'], action, here)
  t.deepEqual(await run('status'), { exitCode: 7, output: 'INFO:  Resource is stopped\n' })
  t.deepEqual(await run('start'), { exitCode: 0, output: 'INFO:  Success\n' })
  t.deepEqual(await run('status'), { exitCode: 0, output: 'OCF Resource BOOK::BOOK_/x is running\n' })
  t.is((await run('stop')).exitCode, 0)
  t.is((await run('monitor')).exitCode, 7)
  t.is((await run('validate-all')).exitCode, 3)
  t.is((await ocf.run(['BOOK'], 'meta-data', here)).output, '<resource-agent/>\n')
  t.is((await ocf.run(['Nosuch', 'x=1'], 'start', here)).exitCode, 5)
  t.is((await ocf.run(['BOOK', 'nofile'], 'start', here)).exitCode, 6)
  t.is((await ocf.run(['BOOK'], 'start', here)).exitCode, 1)
})

test('the pid file of apache is read from its configuration, or from what the server itself says', t => {
  const facts = readApacheConfig(
    'ServerRoot "/srv/www"\n# PidFile /no\nPidFile run/httpd.pid\nListen 127.0.0.1:8080\n',
  )
  t.is(facts.pidFile, '/srv/www/run/httpd.pid')
  t.deepEqual(facts.listen, { host: '127.0.0.1', port: 8080 })
  // Lines of Debian 12's apache2.conf.
  const debian = readApacheConfig(`PidFile \${APACHE_PID_FILE}\nInclude ports.conf\n`)
  t.deepEqual([debian.pidFile, debian.listen], [null, null])
  // From the documentation of httpd 2.4, DUMP_RUN_CFG.
  t.is(readDumpedPidFile('ServerRoot: "/etc/apache2"\nPidFile: "/var/run/apache2/apache2.pid"\nDefine: X\n'), '/var/run/apache2/apache2.pid') // biome-ignore format: one claim
  t.deepEqual(readApacheConfig('Listen [::]:80\n').listen, { host: '127.0.0.1', port: 80 })
})

test('apache without configuration is stopped, as in the original', async t => {
  const context = world(t)
  const run = async (action: string) => (await apache.run(['/nosuch.conf'], action, context)).exitCode
  t.deepEqual([await run('status'), await run('start'), await run('stop')], [7, 5, 0])
  t.is((await apache.run(['relative.conf'], 'start', context)).exitCode, 2)
})

test('apache that is not installed is stopped, although its configuration is there', async t => {
  const context = world(t, { PATH: '/nonexistent' })
  const config = join(context.root, 'apache.conf')
  writeFileSync(config, 'ServerRoot /nonexistent\n')
  const run = async (action: string) => (await apache.run([config], action, context)).exitCode
  t.deepEqual([await run('status'), await run('stop')], [7, 0])
})

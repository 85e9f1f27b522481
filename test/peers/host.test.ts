/**
 * What a node does with its machine: a restart that keeps resources, new values for scripts, the watchdog's bytes, a
 * dead peer that is reset first (by the real stonith command), and failfast's reboot, which here is a mark in a folder.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../../src/base/io/processes.js'
import { until } from './harness.js'
import { owner, pair, start } from './loopback-nodes.js'
import { peerTest } from './require.js'

const test = peerTest('cluster-glue')

const failfast = (root: string): string => `${root}/failfast`

/** Runs until a file says with which code to end, or the folder is gone: its node may have been killed. */
const FAILFAST = `#!/bin/sh
while [ -e "$0" ] && [ ! -e "$0.code" ]; do sleep 0.1; done
exit "$(cat "$0.code")"
`

test('a restart keeps the resources, a dead peer is reset before the takeover, failfast reboots, the watchdog is fed', async t => {
  const { alpha, beta } = pair(t, {
    haCfIn: root => [
      `watchdog ${root}/wd`,
      `failfast ${userInfo().username} ${failfast(root)}`,
      'stonith_host * null alpha beta',
    ],
  })
  for (const { root } of [alpha, beta]) {
    writeFileSync(join(root, 'wd'), '')
    writeFileSync(failfast(root), FAILFAST, { mode: 0o755 })
  }
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 10_000)
  const pid = alpha.pid('heartbeat')
  const calls = alpha.read('log/svc.calls')
  const generation = Number(alpha.read('lib/hb_generation'))

  // A new value for scripts needs a new life.
  alpha.edit('ha.cf', text => `${text}env COLOR=blue\n`)
  t.is((await alpha.command('heartbeat', '-r')).exitCode, 0)
  const isActiveAgain = (times: number) => () =>
    (alpha.log.match(/Local status now set to: 'active'/g)?.length ?? 0) > times && alpha.holds
  await until('alpha is active again', 10_000, isActiveAgain(1))
  t.is((await alpha.command('heartbeat', '-R')).exitCode, 0)
  await until('and once more, as asked by -R', 10_000, isActiveAgain(2))
  t.is(alpha.log.match(/info: Performing heartbeat restart exec\./g)?.length, 2)
  t.is(alpha.pid('heartbeat'), pid)
  t.is(Number(alpha.read('lib/hb_generation')), generation + 2)
  t.is(alpha.read('log/svc.calls'), calls, 'no script was called')
  t.notRegex(beta.log, /node alpha: is dead/)
  t.false(beta.holds)

  // A port that somebody else has: the next life goes on with the files of before.
  const taken = createSocket('udp4')
  t.teardown(() => taken.close())
  taken.bind(0, '0.0.0.0')
  await once(taken, 'listening')
  const before = alpha.read('ha.d/ha.cf')
  alpha.edit('ha.cf', text => text.replace(/^udpport .*$/m, `udpport ${taken.address().port}`))
  t.is((await alpha.command('heartbeat', '-r')).exitCode, 0)
  await until('alpha is active with the files of before', 10_000, isActiveAgain(3))
  t.is(alpha.pid('heartbeat'), pid)
  t.regex(alpha.log, /ERROR: .* is in use by another program/)
  alpha.edit('ha.cf', () => before)
  t.is(alpha.read('log/svc.calls'), calls, 'no script was called')

  // Times act at once; the next script sees them.
  alpha.edit('ha.cf', text => text.replace('deadtime 1000ms', 'deadtime 1200ms'))
  t.is((await alpha.command('heartbeat', '-r')).exitCode, 0)
  await until('the new time acts', 15_000, () => alpha.log.includes('deadtime acts from now on'))
  await until('both are settled', 10_000, async () =>
    (await alpha.command('cl_status', 'rscstatus')).stdout.startsWith('local'),
  )
  t.is((await alpha.command('hb_standby')).exitCode, 0)
  await owner('alpha stood by', beta, alpha, 10_000)
  t.regex(alpha.read('log/svc.calls'), /^stop deadtime=1200ms color=blue$/m)
  t.is((await alpha.command('hb_takeover', 'local')).exitCode, 0)
  await owner('alpha has it again', alpha, beta, 10_000)

  // The real stonith command resets, then beta takes over.
  alpha.kill('heartbeat')
  alpha.kill('heartbeat-runner')
  await until('beta takes over', 15_000, () => beta.holds)
  const words = [
    'node alpha: is dead',
    'Resetting node alpha with [NULL STONITH device]',
    'node alpha now reset.',
  ]
  const places = [...words, 'Resources being acquired from alpha.'].map(word => beta.log.indexOf(word))
  t.false(places.includes(-1), beta.log)
  t.deepEqual(
    places,
    [...places].sort((one, other) => one - other),
  )

  t.is(beta.read('rebooted'), '')
  writeFileSync(`${failfast(beta.root)}.code`, '1\n')
  await until('failfast reboots', 10_000, () => beta.read('rebooted').startsWith('-nf'))
  t.true(beta.log.includes(`EMERG: Rebooting system.  Reason: ${failfast(beta.root)}`))

  t.is((await beta.command('heartbeat', '-k')).exitCode, 0)
  const fed = readFileSync(join(beta.root, 'wd'))
  t.true(fed.length > 20)
  t.is(fed.at(-1), 'V'.charCodeAt(0), 'closed in good order')
  t.true(fed.subarray(0, -1).every(byte => byte === 0))
  t.false(isAlive(pid ?? 0))
})

/** As on a machine without the package, or with one for another C library. */
const NO_KOFFI = `const { Module } = require('node:module')
const load = Module._load
Module._load = function (name, ...rest) {
  if (name === 'koffi') throw Object.assign(new Error('no koffi'), { code: 'ERR_DLOPEN_FAILED' })
  return load.call(this, name, ...rest)
}
`

test('a koffi that does not load is a warning: the node starts, serves and stops', async t => {
  const { alpha } = pair(t, { haCfIn: root => ['realtime on', 'rtprio 5', `watchdog ${root}/wd`] })
  const hook = join(alpha.root, 'no-koffi.cjs')
  writeFileSync(hook, NO_KOFFI)
  writeFileSync(join(alpha.root, 'wd'), '')
  alpha.env = { NODE_OPTIONS: `--require ${hook}` }
  await start(t, alpha)
  await until('alpha serves alone', 15_000, () => alpha.holds)
  t.regex(alpha.log, /WARN: WDIOC_SETTIMEOUT: .*: koffi does not load here/)
  if (process.geteuid?.() === 0) t.regex(alpha.log, /WARN: no realtime scheduling: koffi does not load here/)
  t.notRegex(alpha.log, / (?:ERROR|CRIT): /)
  t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
  t.false(alpha.holds)
})

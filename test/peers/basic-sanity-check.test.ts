/**
 * BasicSanityCheck of the package, unmodified, with our daemon in the place of the original's. With the original it
 * does not pass either on Debian 12: what it complained about then stands below, and ours may add nothing to it.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { bin, haPair, project } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

/** Whole lines that it printed with heartbeat 3.0.6 on both sides of the daemon: the agents', GLib's and apphbd's. */
const ALSO_WITH_THE_ORIGINAL = [
  /^Looks like monitor operation failed$/,
  /^\(process:\d+\): GLib-CRITICAL/,
  /^ERROR: Did not find .* occurances of .*(apphb|failtest|hangup|type=setint)/,
  /^ERROR: Found \d+ instead\.$/,
  /apphbtest: \[\d+\]: ERROR: /,
  /^\d+ errors\. Log file is stored in /,
  /^OOPS! Looks like we had some errors come up\.$/,
]
const COMPLAINT = /does not look|looks like|ERROR|CRIT|OOPS|shows|weird|did not|returned|extra exec/i

/** Its waits are for slow machines; it looks again and again, so shorter ones lose nothing. */
const SLEEP = '#!/bin/sh\nexec /bin/sleep "$(echo "$1" | awk \'{ print $1 / 5 }\')"\n'

const SCRIPT = `set -e
cp -a /usr/lib/heartbeat /run/lib
for f in ccm ipfail apphbd apphbtest; do ln -sf /usr/libexec/heartbeat/$f /run/lib/$f; done
mount --bind /run/lib /usr/lib/heartbeat
cp -a /usr/libexec/heartbeat /run/libexec
mkdir /run/project
mount --bind ${project} /run/project
ln -sf /run/project/${bin('heartbeat').slice(project.length + 1)} /run/libexec/heartbeat
mount --bind /run/libexec /usr/libexec/heartbeat
ip route add default via 10.77.0.254 dev eth0
mkdir -m 1777 /run/tmp
mount --bind /run/tmp /tmp
set +e
PATH=/run/fast:$PATH
exec timeout 50 /usr/share/heartbeat/BasicSanityCheck 2>&1
`

test('BasicSanityCheck finds nothing wrong with our daemon', async t => {
  const pair = await haPair(t, {})
  const run = `${pair.folder}/alpha/run`
  mkdirSync(`${run}/fast`)
  writeFileSync(`${run}/fast/sleep`, SLEEP)
  chmodSync(`${run}/fast/sleep`, 0o755)
  writeFileSync(`${run}/check`, SCRIPT)
  const { stdout, exitCode } = await pair.attempt(['exec', 'alpha', 'sh', '/run/check'], 55_000)
  t.not(exitCode, 124, 'it waited for something that did not come')
  t.regex(stdout, /Stopping High-Availability services: Done\./)
  const lines = stdout.split('\n').map(line => line.trim())
  const complaints = lines.filter(
    line => COMPLAINT.test(line) && !ALSO_WITH_THE_ORIGINAL.some(known => known.test(line)),
  )
  t.deepEqual(complaints, [], readFileSync(`${run}/tmp/linux-ha.testlog`, 'utf8').slice(-4_000))
})

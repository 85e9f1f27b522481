// The resource agents on a real kernel, in network and mount namespaces of their own, call by call against what the
// original's scripts did there (test/agents/recorded).
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../temporary-folder.js'
import type { HardCases } from './agents-hard-cases.js'
import type { CallRecord } from './agents-scenario.js'
import { peerTest } from './require.js'

const recorded: CallRecord[] = JSON.parse(readFileSync('test/agents/recorded/calls.json', 'utf8'))

/** Where we depart from the original on purpose: the call, its exit code there and here, what it adds to the machine. */
const BETTER = new Map<string, readonly [there: number, here: number, adds?: string]>([
  // A label without its interface: the interface is looked up. The original takes "0:0" for a broadcast address.
  ['IPaddr 10.10.0.1/32/0:0/10.10.0.1 start', [1, 0, '10.10.0.1/32 brd 10.10.0.1 eth0:0']],
  ['IPaddr2 10.10.0.1/32/0:0/10.10.0.1 start', [6, 0, '10.10.0.1/32 brd 10.10.0.1 eth0:0']],
  // A stop that finds nothing to stop is a success, or a group could never be given away.
  ['IPsrcaddr 10.77.0.100 stop', [1, 0]],
  // The original tries to mount twice and reports its own mount as the fault.
  ['Filesystem $DIR/source $DIR/m1 none bind,ro start', [1, 0]],
])

function inNamespace(script: string, ...args: string[]): string {
  const file = join(fileURLToPath(new URL('.', import.meta.url)), script)
  const result = spawnSync('unshare', ['-mn', process.execPath, file, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (result.status !== 0) throw new Error(`${script}: ${result.stderr}`)
  return result.stdout
}

const test = peerTest('root', 'net-admin', 'iproute2', 'nftables')

test('every agent leaves the machine as the original does, call by call, and answers with its exit codes', t => {
  const folder = temporaryFolder(t)
  const calls: CallRecord[] = JSON.parse(inNamespace('agents-scenario.js', 'ours', folder))
  t.is(calls.length, recorded.length)
  for (const [index, original] of recorded.entries()) {
    const ours = calls[index]
    const better = original.exitCode === 0 ? undefined : BETTER.get(original.call)
    if (!better || !ours) {
      t.deepEqual(ours, original, `call ${index}: ${original.call}`)
      continue
    }
    const [there, here, adds] = better
    t.deepEqual([original.exitCode, ours.exitCode], [there, here], original.call)
    const state = ours.state.filter(line => line !== adds)
    t.is(ours.state.length - state.length, adds === undefined ? 0 : 1, original.call)
    t.deepEqual(state, original.state, original.call)
  }
})

peerTest(
  'root',
  'net-admin',
  'iproute2',
  'tcpdump',
)(
  'an address of somebody else is refused, neighbours hear of ours, and a directory in use is freed only on demand',
  t => {
    const folder = temporaryFolder(t)
    const seen: HardCases = JSON.parse(inNamespace('agents-hard-cases.js', folder))
    t.deepEqual(seen.addressChanges, [false, true, false, true, false, true])
    t.is(seen.duplicate.exitCode, 1)
    t.regex(
      seen.duplicate.output,
      /2001:db8:2::99\/64\/eth1: another machine \([0-9a-f:]{17}\) answers for this address/,
    )
    t.is(seen.duplicate4.exitCode, 1)
    t.regex(seen.duplicate4.output, /10\.66\.0\.99\/24\/eth1: another machine \([0-9a-f:]{17}\) answers/)
    t.false(/::99|\.99/.test(seen.addressesAfterDuplicate))
    const { rivalAtOurOwnStart: own, rivalOfADeadNode: dead } = seen
    t.true(own.lines.some(line => /^Another machine \([0-9a-f:]{17}\) .*: giving it back$/.test(line)))
    t.deepEqual([own.isSet, own.isLost], [false, true], 'a start of our own gives way')
    t.true(dead.lines.some(line => /^Another machine \([0-9a-f:]{17}\) .*: announcing it again$/.test(line)))
    t.deepEqual(
      [dead.isSet, dead.isLost],
      [true, false],
      "a dead node's kernel does not keep us from taking over",
    )
    t.deepEqual([seen.free4.exitCode, seen.again4.exitCode], [0, 0])
    t.is(seen.duplicateStatus.exitCode, 7)
    t.regex(seen.heard, /neighbor advertisement.* tgt is 2001:db8:1::20, Flags \[override\]/s)
    t.false(/bad icmp6 cksum/.test(seen.heard))
    t.is(seen.busyStop.exitCode, 1)
    t.regex(
      seen.busyStop.output,
      /target is busy; used by process \d+ \(sleep\): end them, or add force_unmount=yes/,
    )
    t.true(seen.aliveAfterStop)
    t.is(seen.forcedStop.exitCode, 0)
    t.false(seen.aliveAfterForcedStop)
    t.true(seen.logged.some(line => /sending signal TERM to: \d+ sleep$/.test(line)))
    const ours = seen.rulesWhileBlocked.match(
      /^-A INPUT -p tcp .*--dports 80,443 .*"systole portblock" -j DROP$/gm,
    )
    t.is(ours?.length, 2, 'one rule for IPv4 and one for IPv6, however often it is started')
    t.false(seen.rulesAfterwards.includes('systole'))
  },
)

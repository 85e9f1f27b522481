/**
 * Whether a drain is true, asked of a kernel that has IPVS (a user-mode guest): open connections hold it open, "drained"
 * means that the client's next connection goes elsewhere, and on_timeout = kill ends what is left.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Rig, until } from '../harness.js'
import { peerTest } from '../require.js'
import { BY_KERNEL, deployCf, guest, NEEDS, withSsh } from './guest.js'

const test = peerTest(...NEEDS)

test('an open connection holds a drain open, with the count of the kernel, until on_timeout = kill ends it; without one it is drained at once', async t => {
  const site = await guest(t, '')
  const { etc, vm, deploy, weights, ask } = site
  // Two downloads, one for each server, that last longer than all of this; they end with their namespace.
  for (const client of ['1', '1'])
    void vm.attempt(
      ['client', client, 'exec', 'curl', '-s', '-m', '165', 'http://10.77.0.200/?sleep=160'],
      170_000,
    )
  await until('both are open', 20_000, async () => (await openConnections(vm)) === 2)
  const held = await deploy('drain', 'web1', '--wait')
  t.is(held.status, 4, held.text)
  t.regex(
    held.text,
    /not drained within 3 s: local tcp:10\.77\.0\.200:80 weight 0 active 1 templates 0 until they close/,
  )
  t.is(await weights(), '0 1')

  // A release that does not wait for who stays: the connection of web1 ends, that of web2 does not.
  await withSsh(site, 1)
  writeFileSync(join(etc, 'deploy.cf'), deployCf(etc, `on_timeout = kill\n${BY_KERNEL}`))
  const killed = await deploy('run', '--only', 'web1')
  t.is(killed.status, 0, killed.text)
  t.regex(killed.text, /web1 drain warning 1 connections were ended \(local\)/)
  t.is(await openConnections(vm), 1)
  t.is(await weights(), '1 1')
  const setting = await vm.command(
    'exec',
    'dir1',
    '-t',
    '20',
    'cat',
    '/proc/sys/net/ipv4/vs/expire_nodest_conn',
  )
  t.is(setting.trim(), '0', 'as it was')

  const drained = await deploy('drain', 'web1', '--wait')
  t.is(drained.status, 0, drained.text)
  t.deepEqual(await Promise.all([ask(), ask()]), ['real 2', 'real 2'])
})

async function openConnections(vm: Rig): Promise<number> {
  const listed = await vm.command('exec', 'dir1', '-t', '10', 'ipvsadm', '-L', '-n')
  return [...listed.matchAll(/Masq +\d+ +(\d+) /g)].reduce((sum, [, active]) => sum + Number(active), 0)
}

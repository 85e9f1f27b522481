// LVSSyncDaemonSwap in a user-mode kernel that has IPVS: `ipvsadm -L --daemon` after each call. LVSRealServer on the tunl0
// of its module ipip.
import { bin, ipvsVm, project } from './harness.js'
import { IPVS_GUEST } from './machine.js'
import { peerTest } from './require.js'

const test = peerTest(...IPVS_GUEST)

test('the sync daemon is swapped from backup to master and back, never runs twice, and a real server gets its tunnel', async t => {
  const vm = await ipvsVm(t, '1', '--share', project)
  const agent = (action: string) =>
    vm.attempt(['exec', 'dir1', '-t', '30', process.execPath, bin('resource-agent'), 'LVSSyncDaemonSwap', 'master', 'eth1', '7', action]) // biome-ignore format: one call
  const daemons = async (): Promise<string[]> =>
    (await vm.command('exec', 'dir1', '-t', '10', 'ipvsadm', '-L', '--daemon')).match(
      /^\w+ sync daemon \(mcast=\w+, syncid=\d+/gm,
    ) ?? []
  const master = 'master sync daemon (mcast=eth1, syncid=7'
  const backup = 'backup sync daemon (mcast=eth1, syncid=7'
  t.is((await agent('status')).exitCode, 7)
  for (let i = 0; i < 2; i++) {
    t.is((await agent('start')).exitCode, 0)
    t.deepEqual(await daemons(), [master])
  }
  t.is((await agent('status')).exitCode, 0)
  for (let i = 0; i < 2; i++) {
    t.is((await agent('stop')).exitCode, 0)
    t.deepEqual(await daemons(), [backup])
  }
  t.is((await agent('start')).exitCode, 0)
  t.deepEqual(await daemons(), [master])

  const tunnel = (action: string) =>
    vm.attempt(['exec', 'dir1', '-t', '30', process.execPath, bin('resource-agent'), 'LVSRealServer', '10.77.9.9', 'tunl0', action]) // biome-ignore format: one call
  const link = () => vm.command('exec', 'dir1', '-t', '10', 'ip', 'addr', 'show', 'dev', 'tunl0')
  t.is((await tunnel('start')).exitCode, 0, 'the module is loaded where there is no tunl0')
  t.regex(await link(), /link\/ipip[\s\S]*inet 10\.77\.9\.9\/32 /)
  t.is((await tunnel('monitor')).exitCode, 0)
  t.is((await tunnel('stop')).exitCode, 0)
  t.notRegex(await link(), /10\.77\.9\.9/)
})

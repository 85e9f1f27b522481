/**
 * Persistence templates of real IPVS (a user-mode guest) hold a drain open unless they expire, as the client sees, and
 * a release sets that for its time.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { BY_KERNEL, deployCf, guest, NEEDS, withSsh } from './guest.js'

const test = peerTest(...NEEDS)

test('a template of a persistent client holds a drain open unless templates expire, as the client sees', async t => {
  const site = await guest(t, '    persistent=300\n')
  const { etc, vm, deploy, weights, ask } = site
  const mine = await ask()
  t.regex(mine, /^real [12]$/)
  const host = mine === 'real 1' ? 'web1' : 'web2'
  const held = await deploy('drain', host, '--wait')
  t.is(held.status, 4, held.text)
  t.regex(held.text, /weight 0 active 0 templates 1 wait≈\d{3}s/)
  t.is(await weights(), mine === 'real 1' ? '0 1' : '1 0')
  t.is(await ask(), mine, 'at weight 0 the kernel still brings the client here: that was no drain')
  await vm.command('exec', 'dir1', '-t', '10', 'sysctl', '-w', 'net.ipv4.vs.expire_quiescent_template=1')
  const drained = await deploy('drain', host, '--wait')
  t.is(drained.status, 0, drained.text)
  t.not(await ask(), mine)

  // A whole release: refused where that setting is wanted, or set for its time and put back.
  t.is((await deploy('undrain', host)).status, 0)
  await until('the weight is back', 15_000, async () => (await weights()) === '1 1')
  const web = host === 'web1' ? 2 : 1
  await withSsh(site, web)
  const only = `web${web}`
  const setting = (): Promise<string> =>
    vm.command('exec', 'dir1', '-t', '10', 'cat', '/proc/sys/net/ipv4/vs/expire_quiescent_template')
  await vm.command('exec', 'dir1', '-t', '10', 'sysctl', '-w', 'net.ipv4.vs.expire_quiescent_template=0')
  writeFileSync(join(etc, 'deploy.cf'), deployCf(etc, `expire_template = require\n${BY_KERNEL}`))
  const required = await deploy('run', '--only', only)
  t.is(required.status, 4, required.text)
  t.regex(required.text, /expire_quiescent_template is 0: persistent clients would keep coming/)
  t.false(existsSync(`${etc}/site${web}/releases`))
  const look = 'on_drained = local: cat /proc/sys/net/ipv4/vs/expire_quiescent_template >during\n'
  writeFileSync(join(etc, 'deploy.cf'), deployCf(etc, `expire_template = auto\n${BY_KERNEL}[hooks]\n${look}`))
  t.is(await ask(), `real ${web}`, 'the client is bound to the server that is released to')
  const released = await deploy('run', '--only', only)
  t.is(released.status, 0, released.text)
  t.regex(released.text, /tune local: net\.ipv4\.vs\.expire_quiescent_template 0→1 for all virtual services/)
  t.is(readFileSync(join(etc, 'during'), 'utf8'), '1\n')
  t.is((await setting()).trim(), '0')
  t.is(await weights(), '1 1')
})

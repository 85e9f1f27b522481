/**
 * What goes wrong around a table of IPVS: no rights, no module (of nftables neither), services of others, two ldirectors
 * on one service, an address that is bound, a real server that accepts and never answers. Each is told in a sentence and
 * survived: the service goes on, and what others have stays.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, ipvsVm, project, until } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { peerTest } from '../require.js'
import { HEAD, NEGOTIATE, POWERLESS } from './bad-input.js'

const test = peerTest(...IPVS_GUEST, 'util-linux', 'nftables', 'curl')

const OWN_SERVER = 'require("http").createServer((_, to) => to.end("director")).listen(80, "10.77.0.200")'

test('IPVS: without rights, without the module, beside others and with a silent server ldirectord says so and goes on', async t => {
  const etc = temporaryFolder(t)
  const virtual = '10.77.0.200'
  const log = '/var/log/ldirectord.log'
  const file = (name: string, ...servers: string[]) =>
    writeFileSync(
      join(etc, name),
      `${HEAD}forwarder=ipvs\nlogfile="${name === 'ldirectord.cf' ? log : '/var/log/second.log'}"\ncleanstop=${name === 'ldirectord.cf' ? 'yes' : 'no'}\nvirtual=${virtual}:80\n${servers.map(address => `\treal=${address}:80 masq\n`).join('')}\tservice=http\n\trequest="/"\n\treceive="real"\n${NEGOTIATE}`,
    )
  file('ldirectord.cf', '10.77.1.21', '10.77.1.22')
  file('second.cf', '10.77.1.21')
  const vm = await ipvsVm(t, '1', '--etc', etc, '--share', project, '--reals', '2', '--mode', 'nat')
  const attempt = (...words: string[]) => vm.attempt(['exec', 'dir1', '-t', '40', ...words], 50_000)
  const guest = (...words: string[]) => vm.command('exec', 'dir1', '-t', '40', ...words)
  const ldirectord = (name: string, action: string) => [process.execPath, bin('ldirectord'), name, action]
  const said = (what: string, pattern: RegExp) =>
    until(what, 30_000, async () => pattern.test((await attempt('cat', log)).stdout))
  const saved = () => guest('ipvsadm', '-S', '-n')

  const powerless = await attempt(...POWERLESS, ...ldirectord('ldirectord.cf', 'start'))
  t.is(powerless.exitCode, 1)
  t.regex(powerless.stderr, /forwarder=ipvs cannot be used: ipvsadm needs root \(CAP_NET_ADMIN\)/)

  await guest(
    'sh',
    '-c',
    `ip address add ${virtual}/24 dev eth0; ip address add 10.77.1.1/24 dev eth1
ipvsadm -A -t 10.77.0.201:99 -s rr; ipvsadm -a -t 10.77.0.201:99 -r 10.77.1.21:99 -m`,
  )
  const others = (await saved()).trim()
  await guest(...ldirectord('ldirectord.cf', 'start'))
  await said('others are named', /not of this file; they stay as they are: tcp:10\.77\.0\.201:99$/m)
  await guest(...ldirectord('second.cf', 'start'))
  await said(
    'what the second removed',
    /the table was changed by someone else; putting back .*10\.77\.1\.22:80/,
  )
  await guest(...ldirectord('second.cf', 'stop'))

  // A program of the director that is bound to the service's address and port gets nothing meanwhile.
  await guest('sh', '-c', `nohup ${process.execPath} -e '${OWN_SERVER}' > /dev/null 2>&1 &`)
  const answer = async () =>
    (await vm.attempt(['client', '1', 'exec', 'curl', '-s', '-m', '3', `http://${virtual}/`])).stdout
  await until('it listens', 10_000, async () => /:80\b/.test(await guest('ss', '-Hltn', 'sport', '=', ':80')))
  const answers: string[] = []
  await until('the real servers answer', 15_000, async () => {
    answers.push(await answer())
    return answers.filter(text => /^real [12]$/m.test(text)).length === 3
  })
  t.false(answers.includes('director'))

  await vm.command('real', '2', 'silent', 'on')
  await said('silence', /Real server 10\.77\.1\.22:80 [^\n]*up -> down \(no complete answer within 1 s\)/)
  await until('weight 0', 10_000, async () => (await saved()).includes('-r 10.77.1.22:80 -m -w 0'))
  await vm.command('real', '2', 'silent', 'off')
  await until('weight 1', 15_000, async () => (await saved()).includes('-r 10.77.1.22:80 -m -w 1'))

  await guest(...ldirectord('ldirectord.cf', 'stop'))
  // Stop does not wait.
  await until('only its own services are gone', 10_000, async () => (await saved()).trim() === others)
  await until('ldirectord has ended', 10_000, async () =>
    /ldirectord is stopped/.test((await attempt(...ldirectord('ldirectord.cf', 'status'))).stdout),
  )
  await until('the program of the director answers', 15_000, async () => (await answer()) === 'director')

  // This kernel has nftables without any family of tables.
  const tables = await attempt('env', 'LDIRECTORD_FORWARDER=nft', ...ldirectord('second.cf', 'start'))
  t.is(tables.exitCode, 1)
  t.regex(tables.stderr, /forwarder=nft cannot be used: this kernel has no nftables for this: /)
  await guest(
    'sh',
    '-c',
    'ipvsadm -C; for each in xt_ipvs $(cd /sys/module && ls -d ip_vs_*) ip_vs; do modprobe -r $each || exit 1; done; mount --bind /bin/false /usr/sbin/modprobe',
  )
  const bare = await attempt(...ldirectord('second.cf', 'start'))
  t.is(bare.exitCode, 1)
  t.regex(bare.stderr, /forwarder=ipvs cannot be used: this kernel has no IPVS \(module ip_vs\)/)
})

/**
 * What goes wrong around a table of nftables: no rights, services and rules of others, two ldirectors on one service, no
 * port left, a real server that accepts and never answers. Each is told in a sentence and survived: the service goes on,
 * and what others have stays.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Table } from '../../../src/ldirectord/core/table.js'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { HEAD, NEGOTIATE, POWERLESS } from './bad-input.js'
import { ldirectordIn } from './ldirectord-in.js'
import { scene, service, toWeb } from './scene.js'
import { realAddress, VIRTUAL } from './street.js'

const test = peerTest('root', 'net-admin', 'nftables', 'iproute2', 'util-linux', 'procps')

test('nft: without rights, beside others, without ports and with a silent server ldirectord says so and goes on', async t => {
  const [act, { director, reals }] = await scene(t)
  const nft = (...words: string[]) => director.run('/usr/sbin/nft', ...words)
  const server = (n: number) => `\treal=${realAddress(n)}:8080 masq\n`
  const file = (...servers: number[]) =>
    `${HEAD}forwarder=nft\nvirtual=${VIRTUAL}:80\n${servers.map(server).join('')}\tservice=simpletcp\n\trequest="who"\n\treceive="real"\n${NEGOTIATE}`

  const refused = await ldirectordIn(t, director, file(1), POWERLESS).attempt('start')
  t.is(refused.exitCode, 1)
  t.regex(refused.stderr, /forwarder=nft cannot be used: nft needs root \(CAP_NET_ADMIN\)/)

  nft('add table inet mine; add chain inet mine input { type filter hook input priority 0; }')
  const foreign = service({ protocol: 'udp', family: 4, address: VIRTUAL, port: 53 }, { scheduler: 'rr' })
  await act.add(foreign)
  const ldirectord = ldirectordIn(t, director, file(1, 2))
  const said = (what: string, pattern: RegExp) => until(what, 20_000, () => pattern.test(ldirectord.log()))
  t.is((await ldirectord.attempt('start')).exitCode, 0)
  await said('others are named', /not of this file; they stay as they are: udp:10\.98\.0\.100:53$/m)
  const both = async () => new Set(await act.ask(4)).size === 2
  await until('both serve', 15_000, both)

  // The file of the other one does not have real 2.
  const second = ldirectordIn(t, director, `${file(1)}cleanstop=no\n`)
  t.is((await second.attempt('start')).exitCode, 0)
  await said('what it removed', /the table was changed by someone else; putting back .*10\.98\.1\.22:8080/)
  await until('both serve again', 15_000, both)
  t.is((await second.attempt('stop')).exitCode, 0)

  const range = 'net.ipv4.ip_local_port_range'
  const usual = director.run('sysctl', '-n', range).trim().replace(/\s+/, ' ')
  director.run('sysctl', '-qw', `${range}=61000 61000`)
  await said('no port', /up -> down \(.*no local address or port is left for the connection/)
  director.run('sysctl', '-qw', `${range}=${usual}`)
  await until('both serve with ports', 15_000, both)

  const silent = Number(reals[1]!.pid)
  process.kill(silent, 'SIGSTOP')
  try {
    await said('silence', /Real server 10\.98\.1\.22:8080 [^\n]*up -> down \(no complete answer within 1 s\)/)
    await until('the other one serves', 15_000, async () =>
      (await act.ask(4, toWeb)).every(answer => answer === 'real 1'),
    )
  } finally {
    process.kill(silent, 'SIGCONT')
  }
  await until('it answers again', 15_000, both)

  t.is((await ldirectord.attempt('stop')).exitCode, 0)
  await until('only its own services are gone', 10_000, async () =>
    isDeepStrictEqual(((await director.tell({ op: 'read' })) as Table).services, [foreign]),
  )
  t.regex(nft('list', 'tables'), /^table inet mine$/m)
})

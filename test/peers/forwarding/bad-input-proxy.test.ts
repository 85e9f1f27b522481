/**
 * What goes wrong around the user-space proxy: no right to a port, a mark, an address that is bound, two
 * ldirectors on one service, a real server that accepts and never answers. Each is told in a sentence and survived.
 * (Ports and descriptors that run out: proxy-straits.test.ts and test/ldirectord/proxy.)
 */
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { HEAD, NEGOTIATE, POWERLESS } from './bad-input.js'
import { ldirectordIn } from './ldirectord-in.js'
import { scene, toWeb } from './scene.js'
import { realAddress, VIRTUAL } from './street.js'

const test = peerTest('root', 'net-admin', 'nftables', 'iproute2', 'util-linux', 'procps')

test('proxy: without rights, with a bound address, beside a second ldirectord and with a silent server it says so and goes on', async t => {
  const [act, { director, reals }] = await scene(t)
  const section = (virtual: string, ...servers: number[]) =>
    `virtual=${virtual}\n${servers.map(n => `\treal=${realAddress(n)}:8080 masq\n`).join('')}\tservice=simpletcp\n\trequest="who"\n\treceive="real"\n${NEGOTIATE}`
  const file = (...sections: string[]) => `${HEAD}forwarder=proxy\n${sections.join('')}`
  const at = (port: number) => ({ ...toWeb, port })
  const ofReals = async (port: number, wanted: readonly number[]) => {
    const answers = new Set(await act.ask(2 * wanted.length, at(port)))
    return answers.size === wanted.length && wanted.every(n => answers.has(`real ${n}`))
  }

  // Port 80 without the right to it, and a mark: the other service goes on. The address of 8081 is somebody else's.
  await director.tell({ op: 'serve', protocol: 'tcp', port: 8081 })
  const first = ldirectordIn(
    t,
    director,
    file(section(`${VIRTUAL}:80`, 1), section('7', 1).replace(':8080', ''), section(`${VIRTUAL}:8080`, 1, 2), section(`${VIRTUAL}:8081`, 1)), // biome-ignore format: one file
    POWERLESS,
  )
  const said = (what: string, pattern: RegExp) => until(what, 20_000, () => pattern.test(first.log()))
  t.is((await first.attempt('start')).exitCode, 0)
  await said(
    'no right',
    /cannot listen on 10\.98\.0\.100:80: permission denied; a port below 1024 needs root or the sysctl/,
  )
  await said('a mark', /the proxy cannot see firewall marks/)
  await said('bound', /waiting for the address 10\.98\.0\.100:8081: it is in use by another process/)
  await until('the other service is served', 15_000, () => ofReals(8080, [1, 2]))
  t.deepEqual(await act.ask(1, at(80)), ['ECONNREFUSED'])
  t.deepEqual(await act.ask(1, at(8081)), ['director'], 'whoever has the address keeps it')

  // The same service in a second ldirectord: it waits, and takes the address when the first one leaves it.
  const second = ldirectordIn(t, director, file(section(`${VIRTUAL}:8080`, 3)), POWERLESS)
  t.is((await second.attempt('start')).exitCode, 0)
  await until('the second one waits', 15_000, () =>
    /waiting for the address 10\.98\.0\.100:8080: it is in use by another process/.test(second.log()),
  )
  t.true(await ofReals(8080, [1, 2]))

  const silent = Number(reals[1]!.pid)
  process.kill(silent, 'SIGSTOP')
  try {
    await said('silence', /Real server 10\.98\.1\.22:8080 [^\n]*up -> down \(no complete answer within 1 s\)/)
    await until('the other one serves', 15_000, () => ofReals(8080, [1]))
  } finally {
    process.kill(silent, 'SIGCONT')
  }
  await until('it answers again', 15_000, () => ofReals(8080, [1, 2]))

  t.is((await first.attempt('stop')).exitCode, 0)
  await until('the second one serves', 15_000, () => ofReals(8080, [3]))
  t.regex(second.log(), /proxy: listening on 10\.98\.0\.100:8080 now/)
})

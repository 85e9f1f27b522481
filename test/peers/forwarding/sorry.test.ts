/**
 * The sorry page, seen by a client through the kernel's own forwarding: HTTP 503 with Retry-After while no real server
 * serves, whichever way the real servers are reached, and the real servers again afterwards.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin, ipvsVm, project, until } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { peerTest } from '../require.js'
import { ldirectordIn } from './ldirectord-in.js'
import { realAddress, type Station, street, VIRTUAL } from './street.js'

const inNamespaces = peerTest('root', 'net-admin', 'nftables', 'iproute2', 'util-linux', 'procps', 'curl')
const inKernel = peerTest(...IPVS_GUEST, 'curl')

const HEAD = 'checkinterval=1\nchecktimeout=1\nnegotiatetimeout=1\nfallback=sorry\nsorryretryafter=17\n'
const section = (virtual: string, real: string): string =>
  `virtual=${virtual}\n\treal=${real}\n\tservice=http\n\tchecktype=connect\n\tscheduler=rr\n`

const ASK = ['curl', '-s', '-m', '2', '-i']
const isSorry = (answer: string): boolean =>
  /^HTTP\/1\.1 503 /.test(answer) && /^retry-after: 17\r$/im.test(answer)

inNamespaces(
  'through nft the sorry page answers for gate and for masq while no server serves, and only then',
  async t => {
    const { client, director, reals } = await street(t, 2, 'segment')
    for (const real of reals) await real.tell({ op: 'serve', protocol: 'tcp', port: 80 })
    const ldirectord = ldirectordIn(
      t,
      director,
      `${HEAD}forwarder=nft\n${section(`${VIRTUAL}:80`, `${realAddress(1)}:80 gate`)}${section(`${VIRTUAL}:81`, `${realAddress(2)}:80 masq`)}`,
    )
    const ask = (port: number): string => {
      try {
        return client.run(...ASK, `http://${VIRTUAL}:${port}/`)
      } catch (error) {
        // Not HTTP, as the stations answer, or nothing at all.
        return String((error as { stdout?: unknown }).stdout)
      }
    }
    t.is((await ldirectord.attempt('start')).exitCode, 0)
    const gateServes = async () =>
      (
        (await client.tell({
          op: 'ask',
          target: { protocol: 'tcp', address: VIRTUAL, port: 80 },
          times: 1,
        })) as string[]
      )[0] === 'real 1'
    await until('real 1 serves', 15_000, gateServes)
    const down = (real: Station, state: 'down' | 'up') => real.run('ip', 'link', 'set', 'eth0', state)
    for (const real of reals) down(real, 'down')
    for (const port of [80, 81]) await until(`sorry at ${port}`, 15_000, () => isSorry(ask(port)))
    for (const real of reals) down(real, 'up')
    reals[0]!.run('ip', 'route', 'replace', '10.98.0.0/24', 'dev', 'eth0')
    t.true(await until('real 1 serves again', 15_000, gateServes))
  },
)

inKernel(
  'through IPVS the sorry page answers for gate and for masq while no server serves, and only then',
  async t => {
    const etc = temporaryFolder(t)
    const virtual = '10.77.0.200'
    const config = `${HEAD}${section(`${virtual}:80`, '10.77.0.23:80 gate')}${section(`${virtual}:81`, '10.77.1.21:80 masq')}`
    writeFileSync(join(etc, 'ldirectord.cf'), config)
    const vm = await ipvsVm(t, '1', '--etc', etc, '--share', project)
    await Promise.all([
      vm.command('real', '1', 'start', '--mode', 'nat'),
      vm.command('real', '3', 'start', '--mode', 'dr', '--vip', virtual),
    ])
    const guest = (...words: string[]) => vm.command('exec', 'dir1', '-t', '40', ...words)
    await guest('sh', '-c', `ip address add ${virtual}/24 dev eth0; ip address add 10.77.1.1/24 dev eth1`)
    await guest(process.execPath, bin('ldirectord'), 'ldirectord.cf', 'start')
    const ask = async (port: number) =>
      (await vm.attempt(['client', '1', 'exec', ...ASK, `http://${virtual}:${port}/`])).stdout
    const serve = async () => {
      for (const [port, real] of [
        [80, 3],
        [81, 1],
      ] as const) {
        await until(`real ${real} serves`, 15_000, async () => (await ask(port)).includes(`real ${real}`))
      }
    }
    await serve()
    for (const real of ['1', '3']) await vm.command('real', real, 'reject', 'on')
    for (const port of [80, 81]) await until(`sorry at ${port}`, 15_000, async () => isSorry(await ask(port)))
    for (const real of ['1', '3']) await vm.command('real', real, 'reject', 'off')
    await serve()
    t.pass()
  },
)

/**
 * The hosts around a director, in namespaces on the real kernel: what LVSRealServer and the scripts that ha-convert prints
 * do there, seen by a neighbour (docs/real-servers.md). The host `director` is the neighbour: it shares the segment.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../../temporary-folder.js'
import { bin } from '../harness.js'
import { peerTest } from '../require.js'
import { realAddress, type Station, SYSTEM_ENV, street, VIRTUAL } from './street.js'

const test = peerTest(
  ...['root', 'net-admin', 'nftables', 'iptables', 'iproute2', 'util-linux', 'procps', 'iputils-arping'],
)

/** On the segment of the real servers, so that a neighbour asks for it by ARP. */
const SHARED = '10.98.1.100'
const OTHER = '10.98.1.101'

const settings = (host: Station, ...names: string[]): string =>
  host.run('sysctl', '-n', ...names.map(name => `net.ipv4.conf.${name}`)).trim()
const arp = (host: Station): string => settings(host, 'all.arp_ignore', 'all.arp_announce')

/** Without an exception: the exit status counts. */
function attempt(host: Station, words: readonly string[], env: Record<string, string> = {}) {
  const command = ['-t', host.pid, '-n', ...words]
  const result = spawnSync('nsenter', command, {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...SYSTEM_ENV, ...env },
  })
  return { status: result.status, said: result.stdout + result.stderr }
}

/** Whether a neighbour gets an answer to "who has". */
const answersArp = (neighbour: Station, address: string): boolean =>
  attempt(neighbour, ['arping', '-f', '-c', '2', '-w', '1', '-I', 'br0', address]).status === 0

/** Who answers at the address, sent to this host's Ethernet address as a director would. */
async function servedBy(neighbour: Station, host: Station, address: string): Promise<unknown> {
  const mac = macOf(host)
  neighbour.run('ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', 'br0')
  const target = { protocol: 'tcp', address, port: 80 } as const
  const answers = await neighbour.tell({ op: 'ask', target, times: 1 })
  neighbour.run('ip', 'neigh', 'del', address, 'dev', 'br0')
  return answers
}

function macOf(host: Station): string {
  const [link] = JSON.parse(host.run('ip', '-j', 'link', 'show', 'eth0')) as { address: string }[]
  return link!.address
}

/** Codes of what `ha-lint --live` finds on a host, without any right of root's. */
function live(host: Station, file: string): string[] {
  const powerless = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
  const { said } = attempt(host, [...powerless, process.execPath, bin('ha-lint'), file, '--live', '--json'])
  return (JSON.parse(said) as { diagnostics: { code: string }[] }).diagnostics.map(({ code }) => code)
}

function convert(t: ExecutionContext, file: string, ...words: string[]): string {
  const printed = execFileSync(process.execPath, [bin('ha-convert'), words[0]!, file, ...words.slice(1)], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  t.not(printed, '')
  return printed
}

test('a real server serves the address and answers no ARP for it, by the agent and by the printed script', async t => {
  const folder = temporaryFolder(t)
  const { director: neighbour, reals } = await street(t, 2)
  const [first, second] = reals as [Station, Station]
  for (const host of reals) await host.tell({ op: 'serve', protocol: 'tcp', port: 80 })

  first.run('ip', 'addr', 'add', `${SHARED}/32`, 'dev', 'lo')
  t.true(answersArp(neighbour, SHARED), 'without the settings Linux answers for an address on lo')
  first.run('ip', 'addr', 'del', `${SHARED}/32`, 'dev', 'lo')

  const agent = (words: string) =>
    attempt(first, [process.execPath, bin('resource-agent'), 'LVSRealServer', ...words.split(' ')], {
      HA_VARRUN: folder,
    })
  const before = arp(first)
  t.is(before, '0\n0')
  t.is(agent(`${SHARED} status`).status, 7)
  for (let i = 0; i < 2; i++) t.is(agent(`${SHARED} start`).status, 0)
  t.is(agent(`${OTHER} start`).status, 0)
  t.is(agent(`${SHARED} monitor`).status, 0)
  t.is(arp(first), '1\n2')
  t.deepEqual(await servedBy(neighbour, first, SHARED), ['real 1'])
  t.false(answersArp(neighbour, SHARED))
  t.true(answersArp(neighbour, realAddress(1)), 'its own address is answered for')

  t.is(agent(`${SHARED} stop`).status, 0)
  t.is(arp(first), '1\n2', 'another address still needs the settings')
  first.run('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=0')
  const exposed = agent(`${OTHER} monitor`)
  t.is(exposed.status, 1)
  t.regex(exposed.said, /net\.ipv4\.conf\.all\.arp_ignore wants 1; found 0: this machine may answer/)
  t.is(agent(`${OTHER} status`).status, 0)
  for (let i = 0; i < 2; i++) t.is(agent(`${OTHER} stop`).status, 0)
  t.is(arp(first), before)
  t.false(first.run('ip', 'addr', 'show').includes(SHARED))

  // A link of the tunnel's name takes the module's place, which not every kernel has.
  first.ip('link add tunl0 type bridge')
  first.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.tunl0.rp_filter=1')
  const filter = () => settings(first, 'all.rp_filter', 'tunl0.rp_filter')
  t.is(agent(`${SHARED} tunl0 start`).status, 0)
  t.is(filter(), '0\n0')
  t.regex(first.run('ip', 'addr', 'show', 'dev', 'tunl0'), /[<,]UP[,>][\s\S]*inet 10\.98\.1\.100\/32 /)
  t.is(agent(`${SHARED} tunl0 stop`).status, 0)
  t.deepEqual([filter(), arp(first)], ['1\n1', before])

  const file = join(folder, 'ldirectord.cf')
  writeFileSync(
    file,
    `virtual=${SHARED}:80\n\treal=${realAddress(2)}:80 gate\nvirtual6=[fd98:1::100]:80\n\treal6=[fd98:1::22]:80 gate\n`,
  )
  const script = join(folder, 'lvs-real-server')
  writeFileSync(script, convert(t, file, 'realserver'))
  const state = join(folder, 'settings')
  const printed = (word: string, host = second) => attempt(host, ['sh', script, word], { STATE_FILE: state })
  t.deepEqual(printed('status'), { status: 3, said: 'stopped\n' })
  const bare = live(second, file)
  for (const code of ['real-without-address', 'arp-answered']) t.true(bare.includes(code), code)
  for (let i = 0; i < 2; i++) t.deepEqual(printed('start'), { status: 0, said: '' })
  t.deepEqual(printed('status'), { status: 0, said: 'running\n' })
  t.is(arp(second), '1\n2')
  const right = live(second, file)
  for (const code of ['real-without-address', 'arp-answered', 'not-listening', 'forwarding-off'])
    t.false(right.includes(code), code)
  t.deepEqual(await servedBy(neighbour, second, SHARED), ['real 2'])
  t.false(answersArp(neighbour, SHARED))
  t.regex(second.run('ip', 'addr', 'show', 'dev', 'lo'), /inet6 fd98:1::100\/128 /)
  for (let i = 0; i < 2; i++) t.deepEqual(printed('stop'), { status: 0, said: '' })
  t.is(arp(second), '0\n0')
  t.false(/10\.98\.1\.100|fd98:1::100/.test(second.run('ip', 'addr', 'show')))
  const stranger = printed('start', first)
  t.is(stranger.status, 1)
  t.regex(stranger.said, /none of this machine's addresses is a real server/)
})

test('the printed marks and NAT do what they say, by nft and by iptables, and leave nothing behind', async t => {
  const folder = temporaryFolder(t)
  const { client, director, reals } = await street(t, 1)
  const [real] = reals as [Station]
  await client.tell({ op: 'serve', protocol: 'tcp', port: 80 })
  const file = join(folder, 'ldirectord.cf')
  writeFileSync(
    file,
    `virtual=5\n\treal=${realAddress(1)} masq\n\tchecktype=connect\n\tcheckport=80\nvirtual=${VIRTUAL}:81\n\treal=${realAddress(1)}:80 masq\n`,
  )
  // It sees what the rules have marked.
  const probe = join(folder, 'probe.nft')
  writeFileSync(
    probe,
    'table ip probe {\n chain in {\n type filter hook prerouting priority 0;\n meta mark 5 counter\n }\n}\n',
  )
  director.run('nft', '-f', probe)
  const marked = async (port: number): Promise<number> => {
    const count = () =>
      [...director.run('nft', 'list', 'table', 'ip', 'probe').matchAll(/packets (\d+)/g)].reduce(
        (sum, [, packets]) => sum + Number(packets),
        0,
      )
    const earlier = count()
    await client.tell({ op: 'ask', target: { protocol: 'tcp', address: VIRTUAL, port }, times: 1 })
    return count() - earlier
  }
  /** A connection that the real server opens; the client has no way back but to the director itself. */
  client.run('ip', 'route', 'del', 'default')
  const reaches = async (): Promise<boolean> => {
    const target = { protocol: 'tcp', address: '10.98.0.2', port: 80 } as const
    const [answer] = (await real.tell({ op: 'ask', target, times: 1 })) as string[]
    return answer === 'client'
  }

  const mark = ['--mark', `5=${VIRTUAL}:80,443`]
  const rules = join(folder, 'marks.nft')
  writeFileSync(rules, convert(t, file, 'marks', ...mark))
  director.run('nft', '-c', '-f', rules)
  for (let i = 0; i < 2; i++) director.run('nft', '-f', rules)
  t.true((await marked(80)) > 0)
  t.is(await marked(81), 0)
  director.run('nft', 'delete', 'table', 'inet', 'systole_marks')

  const state = join(folder, 'settings')
  const forwards = (): string => director.run('sysctl', '-n', 'net.ipv4.ip_forward').trim()
  for (const format of ['sh', 'iptables']) {
    const marks = join(folder, `marks-${format}`)
    writeFileSync(marks, convert(t, file, 'marks', ...mark, '--format', format))
    const tool = (script: string, word: string) => attempt(director, ['sh', script, word], { STATE_FILE: state }) // biome-ignore format: one call
    t.is(tool(marks, 'status').status, 3)
    for (let i = 0; i < 2; i++) t.deepEqual(tool(marks, 'start'), { status: 0, said: '' }, format)
    t.is(tool(marks, 'status').status, 0)
    t.true((await marked(443)) > 0, format)
    t.is(await marked(81), 0, format)
    for (let i = 0; i < 2; i++) t.deepEqual(tool(marks, 'stop'), { status: 0, said: '' }, format)
    t.is(await marked(443), 0, format)

    const nat = join(folder, `nat-${format}`)
    writeFileSync(nat, convert(t, file, 'nat', '--format', format, '--outside', 'c0'))
    director.run('sysctl', '-qw', 'net.ipv4.ip_forward=0')
    t.true(live(director, file).includes('forwarding-off'))
    t.false(await reaches())
    for (let i = 0; i < 2; i++) t.deepEqual(tool(nat, 'start'), { status: 0, said: '' }, format)
    t.is(tool(nat, 'status').status, 0)
    t.false(live(director, file).includes('forwarding-off'))
    t.true(await reaches(), format)
    for (let i = 0; i < 2; i++) t.deepEqual(tool(nat, 'stop'), { status: 0, said: '' }, format)
    t.is(forwards(), '0')
    t.is(tool(nat, 'status').status, 3)
  }
  for (const script of ['marks-iptables', 'nat-iptables']) {
    const text = readFileSync(join(folder, script), 'utf8')
    const restore = /<< 'RULES'[^\n]*\n([\s\S]*?)^RULES$/m.exec(text)?.[1] ?? ''
    const input = join(folder, `${script}.restore`)
    writeFileSync(input, restore)
    t.is(attempt(director, ['iptables-restore', '-t', input]).status, 0, script)
  }
  const left = director.run('nft', 'list', 'ruleset') + director.run('iptables-save')
  t.false(/systole|SYSTOLE/.test(left))
})

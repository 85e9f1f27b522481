// ha-convert from a configuration to scripts and rules, as values. That the scripts do what they say is tested with a
// real kernel in test/peers/forwarding/hosts.test.ts.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { convert } from '../../src/cli/commands/ha-convert.js'
import { parseArguments } from '../../src/convert/arguments.js'
import { comment } from '../../src/convert/script.js'
import { temporaryFolder } from '../temporary-folder.js'

const FILE = `virtual=10.0.0.100:80
	real=10.0.0.21:80 gate
	real=10.0.0.22:80 gate
	service=http
virtual=5
	real=10.0.0.21 gate
	real=10.0.0.31 ipip
	real=10.0.0.41 masq
	checktype=connect
	checkport=80
virtual6=[fd98::100]:80
	real6=[fd98:0:0::21]:80 gate
	real6=[fd98::22]:80 masq
`

interface Ran {
  readonly status: number
  readonly out: string
  readonly error: string
}

const folder = temporaryFolder({ teardown: test.after.always })
let files = 0

async function run(text: string, what: string, ...options: string[]): Promise<Ran> {
  const file = join(folder, `${files++}.cf`)
  writeFileSync(file, text)
  let [out, error] = ['', '']
  const status = await convert([what, file, ...options], {
    out: piece => {
      out += piece
    },
    error: piece => {
      error += piece
    },
  })
  return { status, out: out.replaceAll(file, 'FILE'), error: error.replaceAll(file, 'FILE') }
}

/** What the script's own table answers for one real server. */
function heldBy(script: string, address: string): string[] {
  const table = /^held_by\(\) \{\n[\s\S]*?^\}\n/m.exec(script)?.[0] ?? ''
  const { stdout } = spawnSync('sh', ['-c', `${table}held_by "$1"`, 'sh', address], { encoding: 'utf8' })
  return stdout.split('\n').filter(line => line !== '')
}

test('each real server holds the addresses of its own services: on lo for gate, on tunl0 for ipip', async t => {
  const { status, out, error } = await run(FILE, 'realserver', '--mark', '5=10.0.0.101:80,443')
  t.deepEqual([status, error], [0, ''])
  t.deepEqual(heldBy(out, '10.0.0.21'), ['lo 10.0.0.100/32 4', 'lo 10.0.0.101/32 4'])
  t.deepEqual(heldBy(out, '10.0.0.22'), ['lo 10.0.0.100/32 4'])
  t.deepEqual(heldBy(out, '10.0.0.31'), ['tunl0 10.0.0.101/32 4'])
  t.deepEqual(heldBy(out, 'fd98::21'), ['lo fd98::100/128 6'])
  for (const other of ['10.0.0.41', 'fd98::22', '10.0.0.2', '*']) t.deepEqual(heldBy(out, other), [])
})

test('--method overrides what the file says, and --real leaves one real server', async t => {
  const text = FILE.split('virtual6')[0]!
  const { out } = await run(text, 'realserver', '--mark=5=10.0.0.101', '--method', 'ipip', '--real', '10.0.0.41') // biome-ignore format: one call
  t.deepEqual(heldBy(out, '10.0.0.41'), ['tunl0 10.0.0.101/32 4'])
  t.deepEqual(heldBy(out, '10.0.0.21'), [])
})

test('every script is accepted by sh', async t => {
  const mark = ['--mark', '5=10.0.0.101:80']
  for (const words of [
    ['realserver', ...mark],
    ['marks', ...mark, '--format', 'sh'],
    ['marks', ...mark, '--format', 'iptables'],
    ['nat', '--format', 'sh'],
    ['nat', '--format', 'iptables', '--outside', 'eth0'],
  ]) {
    const { out } = await run(FILE, words[0]!, ...words.slice(1))
    t.regex(out, /^#!\/bin\/sh\n/)
    const { status, stderr } = spawnSync('sh', ['-n'], { input: out, encoding: 'utf8' })
    t.deepEqual([status, stderr], [0, ''], words.join(' '))
  }
})

test('an unknown word of the script is answered with its usage, exit status 2', async t => {
  const { out } = await run(FILE, 'nat', '--format', 'sh')
  const { status, stderr } = spawnSync('sh', ['-s', 'begin'], { input: out, encoding: 'utf8' })
  t.deepEqual([status, stderr], [2, 'usage: sh start|stop|status\n'])
})

test('the unit starts and stops the script', async t => {
  const { out } = await run(FILE, 'realserver', '--mark', '5=10.0.0.101', '--format', 'systemd')
  t.regex(out, /^Type=oneshot\nRemainAfterExit=yes\nExecStart=(\S+) start\nExecStop=\1 stop$/m)
})

const SAYS: readonly (readonly [text: string, words: string, error: RegExp])[] = [
  [FILE, 'realserver', /^ha-convert: FILE:5: virtual=5 is a firewall mark, and the file does not say which address it stands for: add --mark 5=ADDRESS:PORT\n$/], // biome-ignore format: one row
  [FILE, 'marks', /FILE:5: virtual=5 does not say which packets have the mark: add --mark 5=ADDRESS:PORT\n$/],
  [
    FILE,
    'marks --mark 5=10.0.0.1 --mark 6=10.0.0.1',
    /no virtual service for IPv4 is the mark 6; found 5\n$/,
  ],
  [FILE, 'realserver --mark 5=10.0.0.1 --real 10.0.0.41', /--real wants a real server with gate or ipip \(10\.0\.0\.21, .*\); found 10\.0\.0\.41\n$/], // biome-ignore format: one row
  ['virtual=10.0.0.100:80\n\treal=10.0.0.21:80 masq\n', 'realserver', /no real server with gate or ipip; one with masq needs only its default route/], // biome-ignore format: one row
  [
    'virtual=10.0.0.100:80\n\treal=10.0.0.21:80 gate\n',
    'nat',
    /no real server with masq, so nothing needs NAT\n$/,
  ],
  ['virtual=10.0.0.100:80\n\treal=10.0.0.21:80 gate\n', 'marks', /no virtual service is a firewall mark\n$/],
  ['virtual=10.0.0.100:80\n\treal=10.0.0.21:80 gate\nvirtual=10.0.0.100:81\n\treal=10.0.0.21:81 ipip\n', 'realserver', /FILE:4: 10\.0\.0\.21 gets 10\.0\.0\.100 by gate and by ipip/], // biome-ignore format: one row
  ['virtual6=[fd98::1]:80\n\treal6=[fd98::2]:80 ipip\n', 'realserver', /FILE:2: ipip over IPv6 needs a tunnel of your own/], // biome-ignore format: one row
  ['virtual=10.0.0.100:99999\n\treal=10.0.0.21:80 masq\n', 'nat', /^ha-convert: the file is faulty\nFILE:1:\d+: error: /], // biome-ignore format: one row
]
for (const [index, [text, words, error]] of SAYS.entries()) {
  test(`what cannot be printed is one sentence that says what to write: ${index} ${words}`, async t => {
    const [what = '', ...options] = words.split(' ')
    const ran = await run(text, what, ...options)
    t.is(ran.status, 1)
    t.is(ran.out, '')
    t.regex(ran.error, error)
  })
}

for (const [words, problem] of [
  ['', 'wants realserver, marks or nat; found nothing'],
  ['real f', 'wants realserver, marks or nat; found "real"'],
  ['nat', 'nat wants a file such as ldirectord.cf; found none'],
  ['nat a b', 'nat wants one file; found "b" behind it'],
  ['nat a --method gate', 'nat has no option --method'],
  ['nat a --metod gate', 'unknown option --metod'],
  ['nat a --outside', '--outside wants a value; found none'],
  ['nat a --outside eth0;reboot', '--outside wants an interface such as eth0; found "eth0;reboot"'],
  ['nat a --format systemd', '--format of nat wants nft, sh, iptables; found "systemd"'],
  ['realserver a --method masq', '--method wants gate or ipip; found "masq"'],
  ['realserver a --real $(id)', '--real wants an address such as 10.0.0.21; found "$(id)"'],
  ['marks a --mark 0=10.0.0.1', '--mark wants a mark from 1 to 4294967295; found 0'],
  ['marks a --mark 5=10.0.0.1:0', '--mark wants MARK=ADDRESS[:PORTS][/udp] such as 5=10.0.0.100:80,443; found "5=10.0.0.1:0"'], // biome-ignore format: one row
  ['marks a --mark 5=10.0.0.256', '--mark wants MARK=ADDRESS[:PORTS][/udp] such as 5=10.0.0.100:80,443; found "5=10.0.0.256"'], // biome-ignore format: one row
  [`marks a --mark 5=10.0.0.1:${'1,'.repeat(15)}1`, '--mark wants at most 15 ports; found 16'],
] as const) {
  test(`usage: ${words}`, t => {
    t.deepEqual(parseArguments(words.split(' ').filter(word => word !== '')), { problem })
  })
}

test('a file name stays within its comment, whatever it is', t => {
  t.is(comment('a\nreboot\r\u2028`id`'), '# a?reboot??`id`')
})

import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { run } from '../../src/lint/io/command.js'
import { temporaryFolder } from '../temporary-folder.js'

function lint(argv: string[], env: Record<string, string> = {}) {
  let [out, err] = ['', '']
  const status = run(argv, {
    env,
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { status, out, err }
}

const folders = temporaryFolder({ teardown: test.after.always })
let made = 0
function folder(files: Record<string, string | Buffer> = {}, seed?: string): string {
  const path = join(folders, `${made++}`)
  mkdirSync(path)
  if (seed !== undefined) cpSync(`test/seeds/${seed}`, path, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

const RIGHT = {
  'ha.cf': 'logfile /var/log/ha-log\nucast eth1 10.0.0.2\nauto_failback on\nnode alpha beta\n',
  authkeys: 'auth 1\n1 sha1 some-long-key\n',
  haresources: 'alpha IPaddr2::10.0.0.50/24/eth0\n',
}
const right = (): string => {
  const path = folder(RIGHT)
  chmodSync(join(path, 'authkeys'), 0o600)
  return path
}

test('a right directory: nothing but the totals, exit 0', t => {
  t.deepEqual(lint([right()]), { status: 0, out: '0 errors, 0 warnings\n', err: '' })
})

test('the directory is HA_DIR unless one is given', t => {
  const path = folder({ ...RIGHT, nodeinfo: 'gamma\n' })
  t.regex(
    lint([], { HA_DIR: path }).out,
    /node wants our own name "gamma" among the nodes; found alpha, beta/,
  )
})

test('warnings alone exit 0, with --strict 1', t => {
  const path = right()
  writeFileSync(join(path, 'ha.cf'), `${RIGHT['ha.cf']}warntime 60\n`)
  t.is(lint([path]).status, 0)
  t.is(lint([path, '--strict']).status, 1)
})

test('the nodes of the first notes: owners differ, exit 1', t => {
  const result = lint(['test/seeds/003-heartbeat/master', '--peer', 'test/seeds/003-heartbeat/backup'])
  t.is(result.status, 1)
  t.regex(result.out, /master\/haresources:1:1: error: .* the same owner on both nodes/)
})

test('--fix writes what is safe, shows it as a diff, keeps modes, and leaves the rest', t => {
  const path = folder({}, '003-heartbeat/ipaddr2')
  const file = join(path, 'haresources')
  chmodSync(file, 0o640)
  const result = lint(['--fix', file])
  t.is(readFileSync(file, 'utf8'), 'master.example.org IPaddr2::10.10.0.1/32/0:0/10.10.0.1\n')
  t.is(statSync(file).mode & 0o777, 0o640)
  t.regex(result.out, /^-master\.example\.org IPAddr2.*\n\+master\.example\.org IPaddr2/m)
  t.is(result.status, 1, 'the label stays')
  t.notRegex(result.out, /unknown-script/)
})

test('--fix strips the comments behind values of the second notes', t => {
  const path = folder({}, '004-ldirectord')
  const file = join(path, 'ldirectord.cf')
  const result = lint(['--fix', file])
  const lines = readFileSync(file, 'utf8').split('\n')
  t.is(lines[2], 'fallback=127.0.0.1:80')
  t.is(lines[3], 'autoreload=yes')
  t.is(lines[6], 'quiescent=no')
  t.notRegex(result.out, /comment-behind-value/)
})

test('--fix gives authkeys mode 600', t => {
  const path = folder(RIGHT)
  chmodSync(join(path, 'authkeys'), 0o644)
  t.is(lint([path]).status, 1)
  const result = lint([path, '--fix'])
  t.is(result.status, 0)
  t.regex(result.out, /old mode 644\nnew mode 600/)
  t.is(statSync(join(path, 'authkeys')).mode & 0o777, 0o600)
})

test('--json prints the findings as data', t => {
  const result = lint(['--json', 'test/seeds/003-heartbeat/ipaddr2/haresources'])
  const data = JSON.parse(result.out)
  t.is(data.errors, 2)
  t.like(data.diagnostics[0], { code: 'unknown-script', span: { line: 1, column: 20, length: 7 } })
})

test('no output holds a key', t => {
  const path = folder({ ...RIGHT, authkeys: '1 sha1 TOPSECRETKEY\nauth TOPSECRETKEY\nTOPSECRETKEY\n' })
  for (const argv of [[path], [path, '--json'], [path, '--fix'], [path, '--peer', right()]]) {
    const { out, err } = lint(argv)
    t.notRegex(out + err, /TOPSECRET/)
  }
})

const spoiled: [string, string | Buffer, RegExp][] = [
  ['binary', Buffer.from([0x6e, 0, 1]), /ha\.cf holds a NUL byte, so it is no text/],
  ['huge', Buffer.alloc(1024 * 1024 + 1, 10), /ha\.cf is larger than 1048576 bytes/],
]
for (const [what, content, message] of spoiled) {
  test(`a ${what} file is one sentence, exit 1`, t => {
    const path = folder({ ...RIGHT, 'ha.cf': content })
    chmodSync(join(path, 'authkeys'), 0o600)
    const { status, out } = lint([path])
    t.is(status, 1)
    t.regex(out, message)
  })
}

test('a missing file is named with the message of the original', t => {
  const path = right()
  rmSync(join(path, 'haresources'))
  const { status, out } = lint([path, '--json'])
  t.is(status, 1)
  const [finding] = JSON.parse(out).diagnostics
  t.is(finding.original, `Cannot open resources file [${join(path, 'haresources')}]`)
})

test('a director without heartbeat has ldirectord.cf alone', t => {
  const path = folder({ 'ldirectord.cf': 'checkinterval=1\n' })
  t.notRegex(lint([path]).out, /does not exist/)
})

test('control characters of a file do not reach the terminal', t => {
  const path = folder({ ...RIGHT, 'ha.cf': `${RIGHT['ha.cf']}\x1b[31mfoo bar\n` })
  t.false(lint([path]).out.includes('\x1b'))
})

for (const argv of [
  ['--frob'],
  ['--peer'],
  ['/nonexistent', '/etc'],
  ['--peer', '/nonexistent', 'test/seeds/003-heartbeat/master'],
  ['README.md'],
]) {
  test(`usage error 2: ha-lint ${argv.join(' ')}`, t => {
    const { status, out, err } = lint(argv)
    t.is(status, 2)
    t.is(out, '')
    t.regex(err, /^ha-lint: .+\nusage: /)
  })
}

test('a place that is not there is said not to exist, not to have the wrong name', t => {
  t.regex(lint(['/nonexistent']).err, /^ha-lint: \/nonexistent does not exist\n/)
})

test('--help says what 0, 1 and 2 mean', t => {
  const { status, out } = lint(['--help'])
  t.is(status, 0)
  t.regex(out, /Exit status: 0 no errors/)
})

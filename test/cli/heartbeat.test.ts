import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { heartbeat } from '../../src/cli/commands/heartbeat.js'
import { defaultsTable, defaultsWiki } from '../../src/cli/commands/heartbeat-defaults.js'
import { parseFlags } from '../../src/cli/commands/heartbeat-flags.js'
import { temporaryFolder } from '../temporary-folder.js'

interface Called {
  readonly code: number | null
  readonly out: string
  readonly error: string
  readonly started: readonly string[] | null
}

function caller(t: ExecutionContext): { root: string; call: (...argv: string[]) => Promise<Called> } {
  const root = temporaryFolder(t)
  const call = async (...argv: string[]): Promise<Called> => {
    let out = ''
    let error = ''
    let started: readonly string[] | null = null
    const code = await heartbeat(argv, {
      env: { HA_DIR: root, HA_VARRUN: root },
      program: '/usr/libexec/heartbeat/heartbeat',
      out: text => {
        out += text
      },
      error: text => {
        error += text
      },
      startInBackground: async words => {
        started = words
        return 0
      },
      becomeDaemon: () => {
        started = ['became the daemon']
      },
      becomeStatus: () => {
        started = ['became the status']
      },
      tables: () => ({ defaultsTable, defaultsWiki }),
    })
    return { code, out, error, started }
  }
  return { root, call }
}

const recorded = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../test/cli/recorded/${name}.txt`), 'utf8')

test('-D and -D -W print the tables of heartbeat 3.0.6', async t => {
  const { call } = caller(t)
  t.is((await call('-D')).out, recorded('heartbeat-D'))
  t.is((await call('-D', '-W')).out, recorded('heartbeat-DW'))
  t.is((await call('-DW')).out, recorded('heartbeat-DW'))
})

test('status is a verb of its own, whatever follows', async t => {
  const { call } = caller(t)
  t.deepEqual((await call('status', '--json')).started, ['became the status'])
  t.deepEqual((await call('-s', 'status')).started, null)
})

function configure(root: string): void {
  writeFileSync(join(root, 'ha.cf'), `bcast lo\nnode ${hostname()} other\n`)
  writeFileSync(join(root, 'authkeys'), 'auth 1\n1 crc\n', { mode: 0o600 })
  writeFileSync(join(root, 'haresources'), '')
}

// Measured on heartbeat 3.0.6 without a daemon: words, exit code, standard output, standard error.
const usage =
  '\nUsage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]\n\t-C only valid with -R\n\t-r is mutually exclusive with -R\n'
for (const [words, code, out, error] of [
  [['-s'], 3, 'heartbeat is stopped. No process\n', ''],
  [['-k'], 0, '', 'INFO: Heartbeat already stopped.\n'],
  [['-x'], 2, '', `/usr/libexec/heartbeat/heartbeat: invalid option -- 'x'\n${usage}`],
  [['-h'], 2, '', `/usr/libexec/heartbeat/heartbeat: invalid option -- 'h'\n${usage}`],
  [['-R'], 6, '', 'ERROR: heartbeat is not running.\n'],
  [['-r', '-R'], 6, '', 'ERROR: heartbeat is not running.\n'],
  [['-R', '-C', 'nix'], 6, '', 'ERROR: heartbeat is not running.\n'],
  [['-lRM', '-C', 'local'], 6, '', 'ERROR: heartbeat is not running.\n'],
] as const) {
  test(`heartbeat ${words.join(' ')} says and exits as the original does when nothing runs`, async t => {
    const { root, call } = caller(t)
    configure(root)
    const called = await call(...words)
    t.deepEqual([called.code, called.out, called.error], [code, out, error])
  })
}

test('a state that is no class of resources is refused with the line of the original', async t => {
  const { code, error } = await caller(t).call('-C', 'foo')
  t.is(code, 2)
  t.regex(error, /heartbeat: \[\d+\]: ERROR: encode_resources: bad resource type \[foo\]\n\nUsage: heartbeat/)
})

// The original says nothing at all here, and ends with 1 for rights and faults alike.
test('-R with nothing running and files that no daemon can start with names the fault and exits 1', async t => {
  const { root, call } = caller(t)
  const missing = await call('-R')
  t.is(missing.code, 1)
  t.regex(missing.error, /ha\.cf does not exist/)
  configure(root)
  chmodSync(join(root, 'authkeys'), 0o644)
  const readable = await call('-R')
  t.is(readable.code, 1)
  t.regex(readable.error, /authkeys/)
  t.notRegex(readable.error, /NOT restarted/)
})

/** A process whose command line holds the word that is looked for; it ends with its standard input. */
async function standIn(t: ExecutionContext, root: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'heartbeat: master'])
  t.teardown(() => child.stdin.end())
  await new Promise(resolve => child.once('spawn', resolve))
  writeFileSync(join(root, 'heartbeat.pid'), `${String(child.pid).padStart(10)}\n`)
  return child.pid!
}

for (const words of [
  ['-r', '-R'],
  ['-R', '-C', 'nix'],
]) {
  test(`heartbeat ${words.join(' ')} is refused as by the original while a daemon runs`, async t => {
    const { root, call } = caller(t)
    configure(root)
    const pid = await standIn(t, root)
    const { code, error } = await call(...words)
    t.deepEqual([code, error], [1, `ERROR: Heartbeat already running [pid ${pid}].\n`])
  })
}

test('-s tells a stale pid file from a stopped daemon, and names a running one', async t => {
  const { root, call } = caller(t)
  writeFileSync(join(root, 'heartbeat.pid'), '   4194304\n')
  t.deepEqual([(await call('-s')).code, (await call('-s')).out], [1, 'heartbeat is stopped. No process\n'])
  writeFileSync(join(root, 'nodeinfo'), 'Alpha\n')
  const pid = await standIn(t, root)
  const { code, out } = await call('-s')
  t.is(code, 0)
  t.is(out, `heartbeat OK [pid ${pid} et al] is running on ${hostname()} [alpha]...\n`)
})

test('without an option the daemon starts in the background, with -f this process becomes it', async t => {
  const { call } = caller(t)
  t.deepEqual((await call('-d')).started, ['-d'])
  const inForeground = await call('-f')
  t.is(inForeground.code, null)
  t.deepEqual(inForeground.started, ['became the daemon'])
})

test('-r starts a daemon when none runs', async t => {
  t.deepEqual((await caller(t).call('-r')).started, ['-r'])
})

test('a word that would start the daemon unasked is refused: a mistyped status, stop, start', async t => {
  for (const argv of [['statu'], ['stop'], ['-f', 'start'], ['-r', 'x'], ['--', 'status']]) {
    const { code, started, error } = await caller(t).call(...argv)
    t.deepEqual([code, started], [2, null], argv.join(' '))
    t.true(error.includes(`found "${argv.at(-1)}"`), error)
  }
  t.regex((await caller(t).call('statu')).error, /did you mean "status"\? Nothing was started\.\n\nUsage/)
})

test('options may stand together, be repeated, and -C takes the next word', t => {
  const flags = parseFlags(['-dd', '-lRC', 'local', '-d'])
  t.is(flags.count('d'), 3)
  t.true(flags.letters.has('l') && flags.letters.has('R'))
  t.is(flags.held, 'local')
  t.deepEqual(parseFlags(['-C']).faults, ["option requires an argument -- 'C'"])
})

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { heartbeat } from '../../src/cli/commands/heartbeat.js'
import { defaultsTable, defaultsWiki } from '../../src/cli/commands/heartbeat-defaults.js'
import { parseFlags } from '../../src/cli/commands/heartbeat-flags.js'

interface Called {
  readonly code: number | null
  readonly out: string
  readonly error: string
  readonly started: readonly string[] | null
}

function caller(t: ExecutionContext): { root: string; call: (...argv: string[]) => Promise<Called> } {
  const root = mkdtempSync(join(tmpdir(), 'systole-cli-'))
  t.teardown(() => rmSync(root, { recursive: true }))
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

// Measured on heartbeat 3.0.6 without a daemon: words, exit code, standard output, standard error.
const usage =
  '\nUsage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]\n\t-C only valid with -R\n\t-r is mutually exclusive with -R\n'
for (const [words, code, out, error] of [
  [['-s'], 3, 'heartbeat is stopped. No process\n', ''],
  [['-k'], 0, '', 'INFO: Heartbeat already stopped.\n'],
  [['-x'], 2, '', `/usr/libexec/heartbeat/heartbeat: invalid option -- 'x'\n${usage}`],
  [['-h'], 2, '', `/usr/libexec/heartbeat/heartbeat: invalid option -- 'h'\n${usage}`],
  [['-r', '-R'], 2, '', usage],
] as const) {
  test(`heartbeat ${words.join(' ')} says and exits as the original does when nothing runs`, async t => {
    const called = await caller(t).call(...words)
    t.deepEqual([called.code, called.out, called.error], [code, out, error])
  })
}

test('a state that is no class of resources is refused with the line of the original', async t => {
  const { code, error } = await caller(t).call('-C', 'foo')
  t.is(code, 2)
  t.regex(error, /heartbeat: \[\d+\]: ERROR: encode_resources: bad resource type \[foo\]\n\nUsage: heartbeat/)
})

test('-s tells a stale pid file from a stopped daemon, and names a running one', async t => {
  const { root, call } = caller(t)
  writeFileSync(join(root, 'heartbeat.pid'), '   4194304\n')
  t.deepEqual([(await call('-s')).code, (await call('-s')).out], [1, 'heartbeat is stopped. No process\n'])
  writeFileSync(join(root, 'nodeinfo'), 'Alpha\n')
  // A process stands in whose command line holds the word that is looked for; it ends with its standard input.
  const standIn = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'heartbeat: master'])
  t.teardown(() => standIn.stdin.end())
  await new Promise(resolve => standIn.once('spawn', resolve))
  writeFileSync(join(root, 'heartbeat.pid'), `${String(standIn.pid).padStart(10)}\n`)
  const { code, out } = await call('-s')
  t.is(code, 0)
  t.is(out, `heartbeat OK [pid ${standIn.pid} et al] is running on ${hostname()} [alpha]...\n`)
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

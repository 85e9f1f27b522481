/**
 * ldirectord against recordings of the original (ldirectord 4.12): the same files, the same backends that come and go,
 * the same timeline, in namespaces of their own; the table, exit codes, pid files and calls of commands must agree.
 * The recordings and the program that plays them are in rig/ldirectord-oracle.
 */
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommand } from '../../src/base/io/run-command.js'
import { peerTest } from './require.js'

const RIG = resolve('test/peers/rig/ldirectord-oracle')
const PROGRAM = `${process.execPath} ${resolve('dist/bin/ldirectord.cjs')}`
const CASES = readdirSync(`${RIG}/cases`)
const LIMIT_MS = 170_000

const test = peerTest('root', 'net-admin', 'iproute2', 'util-linux', 'python3')

interface Verdict {
  readonly case: string
  readonly verdict: 'pass' | 'fail'
  readonly differences: Readonly<Record<string, readonly string[]>>
}

async function play(): Promise<readonly Verdict[]> {
  const folder = await mkdtemp(join(tmpdir(), 'oracle-'))
  try {
    const json = join(folder, 'verdicts.json')
    const paths = CASES.map(name => `${RIG}/cases/${name}`)
    const args = ['run', '--program', PROGRAM, '--jobs', '4', '--json', json, ...paths]
    const result = await runCommand('python3', [`${RIG}/oracle.py`, ...args], { timeoutMs: LIMIT_MS })
    if (result.timedOut) throw new Error(`the oracle did not end within ${LIMIT_MS} ms\n${result.stdout}`)
    return JSON.parse(await readFile(json, 'utf8')) as readonly Verdict[]
  } finally {
    await rm(folder, { recursive: true })
  }
}

// All cases side by side in one run, each with a test of its own.
let played: Promise<readonly Verdict[]> | null = null
for (const name of CASES) {
  test(`${name}: table, exit codes, pid file and commands are those of the original`, async t => {
    played ??= play()
    const verdict = (await played).find(entry => entry.case === name)
    t.is(verdict?.verdict, 'pass', JSON.stringify(verdict?.differences, null, 1))
  })
}

test('every file of the corpus is accepted or refused as by the original, with its message and table', async t => {
  const args = ['configs', '--program', PROGRAM, '--jobs', '4', `${RIG}/configs`]
  const result = await runCommand('python3', [`${RIG}/oracle.py`, ...args], { timeoutMs: LIMIT_MS })
  t.is(result.exitCode, 0, result.stdout)
  t.regex(result.stdout, /^22 configs, 0 failed$/m)
})

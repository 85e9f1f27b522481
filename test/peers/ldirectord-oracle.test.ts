/**
 * ldirectord against recordings of the original (ldirectord 4.12): the same files, the same backends that come and go,
 * the same timeline, in namespaces of their own; the table, exit codes, pid files and calls of commands must agree.
 * The recordings and the program that plays them are in rig/ldirectord-oracle.
 */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runCommand } from '../../src/base/io/run-command.js'
import { temporaryFolder } from '../temporary-folder.js'
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

async function play(folder: string): Promise<readonly Verdict[]> {
  const json = join(folder, 'verdicts.json')
  const paths = CASES.map(name => `${RIG}/cases/${name}`)
  const args = ['run', '--program', PROGRAM, '--jobs', '4', '--json', json, ...paths]
  const result = await runCommand('python3', [`${RIG}/oracle.py`, ...args], { timeoutMs: LIMIT_MS })
  if (result.timedOut) throw new Error(`the oracle did not end within ${LIMIT_MS} ms\n${result.stdout}`)
  return JSON.parse(await readFile(json, 'utf8')) as readonly Verdict[]
}

/**
 * Lines of the original that need not be here: its program has another path; what is only shown for a moment at start
 * and reload, and what follows from that; children that do not exist; most of -d (docs/compatibility-ldirectord.md).
 */
const NOT_HERE = [
  /Invoking ldirectord invoked as: /,
  /(Added|Deleted|Quiescent|Readd Quiescent|Restored) (real|fallback) server: /,
  /Resetting soft failure count: |Changed virtual server: /,
  /Child not running for |Spawned child |Killing child /,
  /DEBUG\d: |Running (exec|system)\(|^spawn-d\.err: /,
]

/** What the original logged and we did not. Datagrams of the original end with a newline and a zero byte. */
function missingLines(differences: readonly string[]): string[] {
  const bare = (line: string): string => line.replace(/[\s\0]+$/, '')
  const extra = new Set(differences.map(line => bare(line.replace(': extra: ', ': missing: '))))
  const missing = differences.filter(line => line.includes(': missing: '))
  return missing.filter(line => {
    const isThere = line !== bare(line) && extra.has(bare(line))
    return !isThere && !NOT_HERE.some(pattern => pattern.test(line))
  })
}

// All cases side by side in one run, each with a test of its own.
let played: Promise<readonly Verdict[]> | null = null
for (const name of CASES) {
  test(`${name}: table, exit codes, pid file, commands and log lines are those of the original`, async t => {
    played ??= play(temporaryFolder(t))
    const verdict = (await played).find(entry => entry.case === name)
    t.is(verdict?.verdict, 'pass', JSON.stringify(verdict?.differences, null, 1))
    t.deepEqual(missingLines(verdict?.differences.log ?? []), [])
  })
}

test('every file of the corpus is accepted or refused as by the original, with its message and table', async t => {
  const args = ['configs', '--program', PROGRAM, '--jobs', '4', `${RIG}/configs`]
  const result = await runCommand('python3', [`${RIG}/oracle.py`, ...args], { timeoutMs: LIMIT_MS })
  t.is(result.exitCode, 0, result.stdout)
  t.regex(result.stdout, /^22 configs, 0 failed$/m)
})

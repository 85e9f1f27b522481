/** The rules of the house (docs/architecture.md), held against the real tree and against small wrong examples. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import test from 'ava'
import {
  deadFiles,
  heavyCommands,
  layerComplaints,
  leftovers,
  sleepers,
  unusedDependencies,
} from './tidy/rules.js'
import { readSource, type Source } from './tidy/source.js'

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name}`)
    .filter(path => statSync(path).isFile())
    .sort()
const sourcesBelow = (folder: string): Source[] =>
  filesBelow(folder)
    .filter(path => path.endsWith('.ts'))
    .map(path => readSource(path, readFileSync(path, 'utf8')))

const sources = sourcesBelow('src')
const tests = sourcesBelow('test')
const one = (path: string, text: string): Source[] => [readSource(path, text)]

test('every import of src keeps to the layers, and pure folders touch nothing of the world', t => {
  t.deepEqual(layerComplaints(sources), [])
})

test('no command holds a daemon in its own bundle', t => {
  t.deepEqual(heavyCommands(sources), [])
})

test('every file of src is imported by another one or is a command', t => {
  t.deepEqual(deadFiles(sources), [])
})

test('every dependency of package.json is imported', t => {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'))
  const names = Object.keys({ ...dependencies, ...optionalDependencies })
  t.deepEqual(unusedDependencies(names, sources), [])
})

test('no test was left switched off or alone', t => {
  t.deepEqual(leftovers(tests), [])
})

test('no unit test sleeps or looks at a real clock', t => {
  t.deepEqual(sleepers(tests), [])
})

test('no file names the folder in which this copy of the project happens to lie', t => {
  const here = [process.cwd(), realpathSync('node_modules').replace(/\/node_modules$/, '')]
  const kept = ['src', 'test', 'scripts', 'docs', 'etc-ha.d'].flatMap(filesBelow)
  const texts = [...kept, 'README.md', 'CHANGELOG.md', 'package.json', '.ci/run']
  t.deepEqual(
    texts.filter(path => here.some(folder => readFileSync(path, 'latin1').includes(folder))),
    [],
  )
})

const wrong: readonly (readonly [path: string, text: string, complaint: RegExp])[] = [
  [
    'src/heartbeat/core/x.ts',
    "\nimport { readFileSync } from 'node:fs'",
    /x\.ts:2: .*node:fs; instead: hand the value in/,
  ],
  ['src/heartbeat/core/x.ts', 'export const now = () => Date.now()', /:1: uses Date/],
  ['src/heartbeat/wire/x.ts', 'export const chance = Math.random()', /uses Math\.random/],
  ['src/ldirectord/config/x.ts', "export * from '../io/y.js'", /may not import src\/ldirectord\/io\/y\.ts/],
  ['src/heartbeat/core/x.ts', "import '../daemon.js'", /may not import src\/heartbeat\/daemon\.ts/],
  ['src/heartbeat/daemon.ts', "import '../ldirectord/core/table.js'", /may not import src\/ldirectord/],
  [
    'src/ldirectord/io/x.ts',
    "const x = await import('../../heartbeat/io/y.js')",
    /may not import src\/heartbeat/,
  ],
  [
    'src/ldirectord/core/x.ts',
    "import { run } from '../checks/check.js'",
    /may not import src\/ldirectord\/checks/,
  ],
  ['src/base/x.ts', "import { spawn } from 'node:child_process'", /instead: put what acts into base\/io/],
  ['src/base/io/x.ts', "import '../../heartbeat/core/y.js'", /base knows no product/],
  ['src/syntax/x.ts', "import { Agent } from 'undici'", /may not import the package undici/],
  ['src/demo/x.ts', "import '../heartbeat/core/y.js'", /as processes/],
  ['src/heartbeat/io/x.ts', "import '../../cli/heartbeat.js'", /may not import src\/cli/],
]
for (const [path, text, complaint] of wrong) {
  test(`the layers refuse ${JSON.stringify(text.trim())} in ${path}`, t => {
    const complaints = layerComplaints(one(path, text))
    t.is(complaints.length, 1, complaints.join('\n'))
    t.regex(complaints[0]!, complaint)
  })
}

const right: readonly (readonly [path: string, text: string])[] = [
  ['src/heartbeat/wire/x.ts', "import { createHmac } from 'node:crypto'"],
  [
    'src/heartbeat/core/x.ts',
    "import type { Message } from '../wire/message.js'\n// Date.now() is handed in",
  ],
  ['src/heartbeat/core/x.ts', 'export interface X { readonly Date: number; performance(): void }'],
  ['src/heartbeat/resources/x.ts', "import { run } from '../../agents/ipaddr2.js'"],
  ['src/lint/x.ts', "import '../heartbeat/config/a.js'\nimport '../ldirectord/config/b.js'"],
  ['src/ldirectord/checks/x.ts', "import { connect } from 'node:net'\nsetTimeout(connect, 1)"],
  ['src/ldirectord/core/x.ts', "import type { CheckOutcome } from '../checks/check.js'"],
  ['src/ldirectord/daemon.ts', "import './io/x.js'\nimport './core/y.js'\nimport '../log/io/file-log.js'"],
]
for (const [path, text] of right) {
  test(`the layers allow ${JSON.stringify(text)} in ${path}`, t => {
    t.deepEqual(layerComplaints(one(path, text)), [])
  })
}

test('a file that only itself or a test imports counts as dead, a command does not', t => {
  const tree = [
    ...one('src/base/a.ts', "import './b.js'"),
    ...one('src/base/b.ts', ''),
    ...one('src/cli/c.ts', ''),
  ]
  t.deepEqual(deadFiles(tree).length, 1)
  t.regex(deadFiles(tree)[0]!, /^src\/base\/a\.ts:1: /)
})

test('a command that reaches a daemon through another file is told so', t => {
  const tree = [
    ...one('src/cli/heartbeat.ts', "import '../heartbeat/io/a.js'"),
    ...one('src/heartbeat/io/a.ts', "import '../daemon.js'"),
    ...one('src/heartbeat/daemon.ts', ''),
  ]
  const typed = [...one('src/cli/a.ts', "import type { R } from '../heartbeat/daemon.js'"), ...tree.slice(2)]
  t.deepEqual(heavyCommands(typed), [])
  t.regex(heavyCommands(tree)[0] ?? '', /^src\/cli\/heartbeat\.ts:1: loads src\/heartbeat\/daemon\.ts/)
})

test('a leftover .only and a switched-off test are found with their line', t => {
  const found = leftovers(one('test/x.test.ts', "\ntest.only('a', t => t.pass())\ntest.serial.skip('b', f)"))
  t.deepEqual(
    found.map(line => line.split(';')[0]),
    ['test/x.test.ts:2: test.only', 'test/x.test.ts:3: test.serial.skip'],
  )
})

test('a sleeping unit test is found with its line, and one of test/peers is not', t => {
  const text =
    "import { setTimeout as wait } from 'node:timers/promises'\nsetTimeout(f, 1)\nDate.now()\nDate.parse('x')"
  t.deepEqual(
    sleepers(one('test/a.test.ts', text)).map(line => line.split(';')[0]),
    ['node:timers/promises', 'setTimeout', 'Date.now'].map(
      (name, index) => `test/a.test.ts:${index + 1}: a unit test has no real time: ${name}`,
    ),
  )
  t.deepEqual(sleepers(one('test/peers/a.test.ts', text)), [])
})

test('a dependency that nothing imports is named', t => {
  const tree = one(
    'src/base/io/x.ts',
    "import { Agent } from 'undici'\nconst f = () => import('@scope/pack/deep')",
  )
  t.deepEqual(unusedDependencies(['undici', '@scope/pack'], tree), [])
  t.regex(unusedDependencies(['koffi'], tree)[0]!, /nothing in src imports koffi/)
})

import test from 'ava'
import { isBareAddress, parseHaresources } from '../../../src/heartbeat/config/haresources.js'

const read = (text: string) => parseHaresources(text, { file: 'haresources', nodes: ['alpha', 'beta'] })

test('a line is its owner and its resources, arguments cut at "::", a bare address is IPaddr', t => {
  const { value, diagnostics } = read(
    'ALPHA 10.0.0.5/24/eth0 Filesystem::/dev/sdb1::/srv::ext4 apache # note\n',
  )
  t.deepEqual(diagnostics, [])
  const [group] = value.groups
  t.is(group?.node, 'alpha')
  t.is(group?.key, '10.0.0.5/24/eth0')
  t.is(group?.text, 'alpha 10.0.0.5/24/eth0 Filesystem::/dev/sdb1::/srv::ext4 apache')
  t.deepEqual(
    group?.resources.map(({ script, args }) => [script, ...args]),
    [['IPaddr', '10.0.0.5/24/eth0'], ['Filesystem', '/dev/sdb1', '/srv', 'ext4'], ['apache']],
  )
})

test('continued lines are one group, and each word keeps the line on which it stands', t => {
  const { value } = read('# who\n\nalpha \\\n  IPaddr2::10.0.0.5 \\\n\tapache\nbeta IPaddr2::10.0.0.6\n')
  t.is(value.groups.length, 2)
  t.deepEqual(
    value.groups[0]?.resources.map(({ place }) => [place.span.line, place.span.column]),
    [
      [4, 3],
      [5, 2],
    ],
  )
  t.is(value.groups[0]?.line, 3)
  t.is(value.groups[1]?.line, 6)
})

// As `ResourceManager listkeys` reads it: "alpha ab c".
test('a word that a backslash cuts goes on in the next line', t => {
  const { value } = read('alpha a\\\nb c\n')
  t.is(value.groups[0]?.text, 'alpha ab c')
})

// Measured: the daemon does not look at the node "gamma" here, ResourceManager takes it for an owner.
test('a line below a comment that ends with a backslash is a group of its own, with a warning', t => {
  const { value, diagnostics, exitStatus } = read('alpha web # note \\\ngamma x\n')
  t.deepEqual(
    value.groups.map(({ node }) => node),
    ['alpha', 'gamma'],
  )
  t.deepEqual(
    diagnostics.map(({ code, severity }) => `${severity} ${code}`),
    ['warning comment-continuation'],
  )
  t.is(exitStatus, 0)
})

test('several lines of one node stay several groups', t => {
  const { value } = read('alpha IPaddr2::10.0.0.5\nalpha IPaddr2::10.0.0.6 apache\n')
  t.deepEqual(
    value.groups.map(({ key }) => key),
    ['IPaddr2::10.0.0.5', 'IPaddr2::10.0.0.6'],
  )
})

test('two groups that begin with the same resource cannot be told apart: a warning', t => {
  const { diagnostics, exitStatus } = read('alpha IPaddr2::10.0.0.5\nbeta IPaddr2::10.0.0.5 apache\n')
  t.is(exitStatus, 0)
  t.like(diagnostics[0], { code: 'group-twice', severity: 'warning', span: { line: 2 } })
})

test('a node that ha.cf does not name is refused with the names that it has', t => {
  const { diagnostics, exitStatus } = read('gamma apache\n')
  t.is(exitStatus, 6)
  t.regex(diagnostics[0]?.message ?? '', /a node of ha.cf \(alpha, beta\); found "gamma"/)
})

// The shell pattern of the original: [0-9]*.[0-9]*.[0-9]*.[0-9]*
for (const [word, is] of [
  ['10.0.0.1', true],
  ['10.0.0.1/24/eth0:0/10.0.0.255', true],
  ['IPaddr::10.0.0.1', false],
  ['10.0.0.500', true],
  ['10.0.0', false],
  ['1.2web', false],
  ['apache', false],
] as const) {
  test(`"${word}" is ${is ? '' : 'not '}a bare address`, t => t.is(isBareAddress(word), is))
}

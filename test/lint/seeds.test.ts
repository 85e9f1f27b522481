/**
 * What is wrong in the samples of published notes (test/seeds), as found by hand and by running heartbeat 3.0.6 and
 * ldirectord 4.12 on them: ha-lint names each fault at its line and says what to write.
 */
import test from 'ava'
import { lintDirectory } from '../../src/lint/directory.js'
import { lintPair } from '../../src/lint/peer.js'
import type { Diagnostic } from '../../src/syntax/diagnostic.js'
import { seedFiles } from './files.js'

interface Fault {
  readonly file: string
  readonly line: number | null
  readonly severity: Diagnostic['severity']
  readonly code: string
  /** What the help says to write. */
  readonly help: RegExp
  readonly original?: RegExp
}

const describe = ({ file, span, severity, code }: Diagnostic) =>
  `${file}:${span?.line ?? 0} ${severity} ${code}`

function finds(title: string, diagnostics: readonly Diagnostic[], faults: readonly Fault[]): void {
  for (const fault of faults) {
    test(`${title}: ${fault.file} line ${fault.line ?? '-'}: ${fault.severity} ${fault.code}`, t => {
      const found = diagnostics.find(
        d => d.file === fault.file && (d.span?.line ?? null) === fault.line && d.code === fault.code,
      )
      if (found === undefined) return t.fail(diagnostics.map(describe).join('\n'))
      t.is(found.severity, fault.severity)
      t.regex(found.help ?? '', fault.help)
      if (fault.original) t.regex(found.original ?? '', fault.original)
    })
  }
  test(`${title}: nothing else is complained of`, t => {
    const extra = diagnostics.filter(
      d =>
        !faults.some(
          fault => d.file === fault.file && (d.span?.line ?? null) === fault.line && d.code === fault.code,
        ),
    )
    t.deepEqual(extra.map(describe), [])
  })
}

const pair = lintPair(seedFiles('003-heartbeat/master'), seedFiles('003-heartbeat/backup'))

finds('master of the first notes', pair.us.diagnostics, [
  { file: 'ha.cf', line: 15, severity: 'info', code: 'own-address', help: /harmless/ },
  { file: 'ha.cf', line: 24, severity: 'warning', code: 'ping-node-in-cluster', help: /address of a router/ },
  {
    file: 'ha.cf',
    line: 26,
    severity: 'warning',
    code: 'foreign-ipfail',
    help: /write "\/usr\/libexec\/heartbeat\/ipfail"/,
    original: /^Client child command \[\/usr\/lib\/heartbeat\/ipfail\] is not executable$/,
  },
  { file: 'authkeys', line: 4, severity: 'warning', code: 'weak-method', help: /sha1/ },
  { file: 'ldirectord.cf', line: 15, severity: 'error', code: 'unknown-directive', help: /remove the line/ },
])

finds('both nodes of the first notes', pair.between, [
  { file: 'haresources', line: 1, severity: 'error', code: 'owners-differ', help: /the same/ },
])

test('the backup of the first notes is told that both hosts of its ping_group are nodes', t => {
  const found = pair.peer.diagnostics.find(({ code }) => code === 'ping-node-in-cluster')
  t.regex(found?.message ?? '', /10\.10\.10\.160 and 10\.10\.10\.161, which are nodes/)
})

test('without the peer, both ucast lines are said to be candidates for the own address', t => {
  const { diagnostics } = lintDirectory(seedFiles('003-heartbeat/master'))
  const lines = diagnostics.filter(({ code }) => code === 'own-address').map(({ span }) => span?.line)
  t.deepEqual(lines, [15, 17])
})

finds('the resource of the first notes', lintDirectory(seedFiles('003-heartbeat/ipaddr2')).diagnostics, [
  {
    file: 'haresources',
    line: 1,
    severity: 'error',
    code: 'unknown-script',
    help: /write "IPaddr2"/,
    original: /Cannot locate resource script/,
  },
  {
    file: 'haresources',
    line: 1,
    severity: 'error',
    code: 'label-without-interface',
    help: /"eth0:0"/,
    original: /^Invalid broadcast address \[0:0\]$/,
  },
])

finds('the second ldirectord.cf', lintDirectory(seedFiles('004-ldirectord')).diagnostics, [
  {
    file: 'ldirectord.cf',
    line: 3,
    severity: 'error',
    code: 'comment-behind-value',
    help: /remove the comment/,
  },
  {
    file: 'ldirectord.cf',
    line: 4,
    severity: 'error',
    code: 'comment-behind-value',
    help: /remove the comment/,
  },
  { file: 'ldirectord.cf', line: 6, severity: 'warning', code: 'given-twice', help: /keep one/ },
  {
    file: 'ldirectord.cf',
    line: 7,
    severity: 'error',
    code: 'comment-behind-value',
    help: /remove the comment/,
  },
  { file: 'ldirectord.cf', line: 13, severity: 'error', code: 'wrong-protocol', help: /protocol=fwm/ },
  { file: 'ldirectord.cf', line: 19, severity: 'warning', code: 'blank-in-value', help: /remove the blank/ },
])

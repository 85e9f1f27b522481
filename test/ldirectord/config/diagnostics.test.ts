import { readFileSync } from 'node:fs'
import test from 'ava'
import { link } from '../../../src/ldirectord/config/link.js'
import { lintLdirectord } from '../../../src/ldirectord/config/lint.js'
import { parse } from '../../../src/ldirectord/config/parse.js'
import { type Diagnostic, render, type TextEdit } from '../../../src/syntax/diagnostic.js'
import { resolutionsFor } from './recorded.js'

const CORPUS = 'test/ldirectord/config/corpus'
const lint = (text: string): readonly Diagnostic[] => {
  const tree = parse(text, 'ldirectord.cf')
  return link(tree, resolutionsFor(tree)).diagnostics
}
const codes = (text: string): string[] => lint(text).map(({ span, code }) => `${span?.line} ${code}`)
const section = (...lines: string[]): string =>
  `quiescent=yes\nvirtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate\n${lines.map(line => `\t${line}\n`).join('')}`

function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = text.split('\n')
  for (const { line, column, length, text: piece } of edits) {
    const raw = lines[line - 1]!
    lines[line - 1] = raw.slice(0, column - 1) + piece + raw.slice(column - 1 + length)
  }
  return lines.join('\n')
}

test('the first published sample: the line of dots, with caret and what to do', t => {
  const [only, ...others] = lint(readFileSync(`${CORPUS}/p01-seed-netkiller.cf`, 'utf8'))
  t.is(others.length, 0)
  t.is(
    render(only!),
    [
      'ldirectord.cf:15:1: error: unknown directive "..."; a line of dots is no comment [unknown-directive]',
      '    ...',
      '    ^~~',
      '    help: remove the line, or write # in front of it',
    ].join('\n'),
  )
})

test('the second published sample: all its faults at once, each at its line', t => {
  t.deepEqual(codes(readFileSync(`${CORPUS}/p03-seed-mage-verbatim.cf`, 'utf8')), [
    '3 comment-behind-value',
    '4 comment-behind-value',
    '6 given-twice',
    '7 comment-behind-value',
    '13 wrong-protocol',
    '19 blank-in-value',
  ])
})

test('the second sample is accepted by original and successor once its fixes are applied', t => {
  let text = readFileSync(`${CORPUS}/p03-seed-mage-verbatim.cf`, 'utf8')
  for (const { fix } of [...lint(text)].reverse()) text = fix ? applied(text, fix.edits) : text
  t.deepEqual(codes(text), ['6 given-twice'])
})

test('an empty line within a section is one fault, not one for each line behind it', t => {
  const text =
    'quiescent=yes\nvirtual=127.0.1.1:80\n\n\treal=127.0.2.1:80 gate\n\tservice=http\n\tchecktimeout=x\n'
  t.deepEqual(codes(text), ['4 section-ended', '6 wrong-value'])
})

const SURPRISES: readonly [string, string, readonly string[]][] = [
  [
    'an address without a port',
    'quiescent=yes\nvirtual=10.0.0.1\n\treal=127.0.2.1 gate\n\tservice=http\n',
    ['2 mark-from-address'],
  ],
  [
    'text behind a mark',
    'quiescent=yes\nvirtual=5 http\n\treal=127.0.2.1 gate\n\tservice=http\n',
    ['2 text-behind-mark'],
  ],
  ['a digit in checktype', section('checktype=connect2'), ['4 digit-in-checktype']],
  ['real searched behind its start', section('real=fd00::1:80 gate'), ['4 real-not-at-start']],
  ['a port that gate cannot reach', section('real=127.0.2.2:8080 gate'), ['4 port-of-gate']],
  ['a server given twice', section('real=127.0.2.1:80 masq'), ['4 real-given-twice']],
  ['weight before the pair is swallowed', section('real=127.0.2.2:80 gate "a","b" 5'), ['4 ignored-piece']],
  ['a pair with a slash', section('real=127.0.2.2:80 gate 5 "/a","b"'), ['4 slash-in-pair']],
  ['weight 0', section('real=127.0.2.2:80 gate 0'), ['4 weight-zero']],
  ['thresholds crossed', section('real=127.0.2.2:80 gate 1 l:5 u:2'), ['4 thresholds']],
  ['never checked', section('service=none'), ['4 never-checked']],
  ['dns without receive', section('service=dns'), ['4 dns-without-receive']],
  ['sql without login', section('service=mysql', 'request="SELECT 1"'), ['4 sql-incomplete']],
  ['external without command', section('checktype=external'), ['4 external-without-command']],
  ['off with a fallback', section('fallback=127.0.0.1', 'checktype=off'), ['5 off-with-fallback']],
  ['netmask alone', section('netmask=255.255.255.0'), ['4 netmask-without-persistent']],
  ['ops with tcp', section('ops=yes'), ['4 ops-without-udp']],
  ['a scheduler that is none', section('scheduler=wrrr'), ['4 unknown-scheduler']],
  ['part of a number', section('checktimeout=3s'), ['4 part-of-value']],
  ['a comment within quotes', section('checkcommand="/bin/x #1"'), ['4 comment-cuts-quotes']],
  ['no server', 'quiescent=yes\nvirtual=127.0.1.1:80\n\tservice=http\n', ['2 no-real']],
  [
    'port 0',
    'quiescent=yes\nvirtual=127.0.1.1:0\n\treal=127.0.2.1:80 gate\n\tservice=http\n',
    ['2 zero-port', '3 port-of-gate'],
  ],
  [
    'carriage returns',
    'quiescent=yes\nvirtual=127.0.1.1:80\r\n\treal=127.0.2.1:80 gate\n',
    ['2 carriage-return'],
  ],
  ['quiescent unset', 'virtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate\n', ['1 quiescent-unset']],
]
for (const [name, text, expected] of SURPRISES) {
  test(`accepted, but told: ${name}`, t => {
    t.deepEqual(codes(text), [...expected])
    t.false(lint(text).some(({ severity }) => severity === 'error'))
  })
}

test('a receive that is no usable pattern is an error at the character that is wrong, on a line of its own and on a real', t => {
  const shown = (text: string): string =>
    lint(text)
      .filter(({ severity }) => severity === 'error')
      .map(render)
      .join('\n')
  t.is(
    shown(section('service=http', 'receive="all (is) well)"')),
    [
      'ldirectord.cf:5:24: error: receive wants a Perl regular expression; character 14 of "all (is) well)": unmatched ) [receive-pattern]',
      '    \treceive="all (is) well)"',
      '    \t                      ^',
      '    help: write it otherwise, or \\ in front of a character that is meant itself',
    ].join('\n'),
  )
  const real = 'virtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate 1 "[a","[a"\n'
  t.regex(shown(real), /^ldirectord\.cf:2:33: error: receive wants a Perl regular expression; character 1 /)
  t.is(shown(section('service=smtp', 'receive="(("')), '', 'no check looks at it')
  t.is(shown(section('checktype=connect', 'receive="(("')), '', 'no check looks at it')
})

test('directives about TLS and digests are warned of where no check looks at them', t => {
  t.deepEqual(codes(section('service=smtp', 'tlsverify=yes', `receivedigest=${'0'.repeat(32)}`)), [
    '5 unused-directive',
    '6 unused-directive',
  ])
  t.deepEqual(codes(section('service=http', 'httpmethod=HEAD', `receivedigest=${'0'.repeat(32)}`)), [
    '6 digest-of-head',
  ])
})

test('a plain file has no diagnostics', t => {
  t.deepEqual(codes(section('service=http', 'request="index.html"', 'receive="ok"', 'scheduler=wlc')), [])
})

test('a mistyped word is met with the nearest directive of its place', t => {
  const messages = lint(`chekinterval=3\n${section('shceduler=rr')}`).map(({ message }) => message)
  t.deepEqual(messages, [
    'unknown directive "chekinterval"; did you mean checkinterval?',
    'unknown directive "shceduler"; did you mean scheduler?',
  ])
})

test('without resolutions names are no problem, and literal service addresses are given with their places', t => {
  const text =
    'quiescent=yes\nvirtual=10.9.8.7:http\n\treal=nohost:80 gate\nvirtual=nohost:80\n\treal=127.0.2.1:80 gate\nvirtual=5\n\treal=127.0.2.1:80 gate\n\tservice=http\n'
  const { diagnostics, serviceAddresses } = lintLdirectord(text, 'ldirectord.cf')
  t.deepEqual(diagnostics, [])
  t.deepEqual(serviceAddresses, [{ address: '10.9.8.7', span: { line: 2, column: 9, length: 8 } }])
})

test('every fix of every recorded file removes its diagnostic', t => {
  const probes = readFileSync('test/ldirectord/config/probes.jsonl', 'utf8').trimEnd().split('\n').slice(1)
  let fixes = 0
  for (const { text } of probes.map(line => JSON.parse(line) as { text: string })) {
    const before = lint(text)
    for (const diagnostic of before) {
      if (!diagnostic.fix) continue
      fixes++
      const after = lint(applied(text, diagnostic.fix.edits))
      const same = (list: readonly Diagnostic[]): number =>
        list.filter(({ code, message }) => code === diagnostic.code && message === diagnostic.message).length
      t.true(same(after) < same(before), `${JSON.stringify(text)}\n${render(diagnostic)}`)
    }
  }
  t.true(fixes > 100)
})

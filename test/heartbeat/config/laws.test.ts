/** Laws over generated files: no text whatever makes a parser throw, loop or point outside of the text. */
import test from 'ava'
import fc from 'fast-check'
import { parseAuthkeys } from '../../../src/heartbeat/config/authkeys.js'
import { parseHaCf } from '../../../src/heartbeat/config/ha-cf.js'
import { haCfDirectives } from '../../../src/heartbeat/config/ha-cf-table.js'
import { parseHaresources } from '../../../src/heartbeat/config/haresources.js'
import { checkHost } from '../../../src/heartbeat/config/host.js'
import { DIAGNOSTICS_MAX } from '../../../src/heartbeat/config/report.js'
import { type Diagnostic, render } from '../../../src/syntax/diagnostic.js'

const parsers: Record<string, (text: string) => readonly Diagnostic[]> = {
  'ha.cf': text => {
    const { value, diagnostics } = parseHaCf(text, { file: 'f', us: 'alpha' })
    const none = {
      hasInterface: () => false,
      hasUser: () => false,
      isExecutable: () => false,
      resolves: () => false,
    }
    return [...diagnostics, ...checkHost(value, { file: 'f', us: 'alpha' }, none).diagnostics]
  },
  authkeys: text => parseAuthkeys(text, { file: 'f' }).diagnostics,
  haresources: text => parseHaresources(text, { file: 'f', nodes: ['alpha'] }).diagnostics,
}

const word = fc.oneof(
  fc.constantFrom(...Object.keys(haCfDirectives), 'auth', 'sha1', 'alpha', 'IPaddr2::10.0.0.1/24', '\\', '#'),
  fc.constantFrom(
    '0',
    '1',
    '-1',
    'on',
    '10.0.0.1',
    'fe80::1',
    'eth0',
    '/bin/true',
    'uid=root',
    'a=b',
    '::',
    '1.2.3ms',
  ),
  fc.string({ maxLength: 8 }),
)
const line = fc
  .array(word, { maxLength: 7 })
  .chain(words => fc.constantFrom(' ', '\t', ',', '  ').map(gap => words.join(gap)))
const file = fc.oneof(
  fc.array(line, { maxLength: 20 }).map(lines => lines.join('\n')),
  fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name}: any text gives diagnostics whose places lie in the text`, t => {
    fc.assert(
      fc.property(file, text => {
        const lines = text.split('\n')
        for (const diagnostic of parse(text)) {
          render(diagnostic)
          const { span } = diagnostic
          if (span === null) continue
          const source = lines[span.line - 1]
          t.true(
            source !== undefined && span.column >= 1 && span.column <= source.length + 1,
            JSON.stringify({ text, diagnostic }),
          )
        }
      }),
      { numRuns: 500 },
    )
  })

  test(`${name}: a mebibyte of any one kind of line is answered with a bounded list`, t => {
    for (const piece of [
      'x\n',
      'keepalve 1\n',
      'node ',
      '1 sha1 abcdefgh\n',
      'alpha \\\n',
      '::',
      '#',
      '1',
      'mcast eth0 1 1 1 1\n',
    ]) {
      const diagnostics = parse(piece.repeat((1024 * 1024) / piece.length))
      t.true(diagnostics.length <= 2 * DIAGNOSTICS_MAX + 4)
    }
  })

  test(`${name}: a mebibyte of different names is read in linear time`, t => {
    const names = Array.from({ length: 100_000 }, (_, number) => `n${number}`)
    for (const text of [
      `node ${names.slice(0, 800).join(' ')}\n`,
      names.map(name => `node ${name}`).join('\n'),
    ])
      parse(text)
    parse(names.map(name => `apiauth ${name} uid=0`).join('\n'))
    parse(names.map(name => `alpha ${name}::10.0.0.1`).join('\n'))
    t.pass()
  })
}

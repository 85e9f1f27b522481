/** Laws over generated files: whatever the text, reading ends with a verdict, and every span lies in the text. */
import test from 'ava'
import fc from 'fast-check'
import { globalDirectives } from '../../../src/ldirectord/config/directives-global.js'
import { virtualDirectives } from '../../../src/ldirectord/config/directives-virtual.js'
import { lintLdirectord } from '../../../src/ldirectord/config/lint.js'
import { hasErrors, render } from '../../../src/syntax/diagnostic.js'
import { ours } from './recorded.js'

const words = [
  ...Object.keys(globalDirectives),
  ...Object.keys(virtualDirectives),
  ...[
    'virtual',
    'virtual6',
    '=',
    ' = ',
    '#',
    '"',
    '\t',
    '    ',
    ' ',
    '\n',
    '\n\t',
    '\r\n',
    '->',
    ':',
    '[',
    ']',
    'l:1',
    'u:2',
  ],
  ...[
    'gate',
    'masq',
    'ipip',
    'yes',
    'no',
    '5',
    '0',
    '80',
    'http',
    '127.0.2.1',
    '[fd00::9]',
    'real1',
    'nohost',
    '->real3',
  ],
]
const file = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.array(fc.constantFrom(...words), { maxLength: 120 }).map(parts => parts.join('')),
  fc
    .array(
      fc.tuple(fc.constantFrom('', '\t', '    ', '  '), fc.constantFrom(...words), fc.constantFrom(...words)),
      {
        maxLength: 30,
      },
    )
    .map(
      lines =>
        `virtual=127.0.1.1:80\n${lines.map(([indent, name, value]) => `${indent}${name}=${value}`).join('\n')}`,
    ),
)

test('any text is read to a verdict: a configuration exactly when there is no error', t => {
  fc.assert(
    fc.property(file, text => {
      const { linked } = ours(text)
      return (linked.config === null) === hasErrors(linked.diagnostics)
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

test('the original refuses exactly what is refused here, but for patterns that no check could use', t => {
  fc.assert(
    fc.property(file, text => {
      const { linked } = ours(text)
      if (linked.diagnostics.some(({ code }) => code === 'receive-pattern')) return true
      const refusals = linked.original.filter(message => message.severity === 'Error')
      return refusals.length === (linked.config === null ? 1 : 0)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

test('every span and every edit lies in its line, and every diagnostic can be shown', t => {
  fc.assert(
    fc.property(file, text => {
      const lines = text.split('\n')
      const { diagnostics } = lintLdirectord(text, 'x.cf')
      return diagnostics.every(diagnostic => {
        const places = [...(diagnostic.span ? [diagnostic.span] : []), ...(diagnostic.fix?.edits ?? [])]
        render(diagnostic)
        return places.every(({ line, column, length }) => {
          const raw = lines[line - 1]
          return raw !== undefined && column >= 1 && column - 1 + length <= raw.length + 1
        })
      })
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

test('a password never stands in a diagnostic, nor in the text of the original', t => {
  const secret = fc.stringMatching(/^[A-Z]{9}$/).filter(text => !text.includes('#'))
  const line = fc.tuple(
    fc.constantFrom('passwd', 'secret', 'login', 'paswd', 'Passwd', 'pass'),
    fc.constantFrom('=', ' = ', ' ', '= '),
    fc.constantFrom('', '"', '" x'),
    fc.constantFrom('\t', '', '  '),
  )
  fc.assert(
    fc.property(secret, line, (word, [name, equals, quote, indent]) => {
      const text = `virtual=127.0.1.1:80\n${indent}${name}${equals}${quote.slice(0, 1)}${word}${quote}\n`
      const { linked, stderr } = ours(text)
      const shown = linked.diagnostics.map(render).join('\n')
      return !shown.includes(word) && !stderr.includes(word)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

/** Laws over generated files: whatever the text, reading ends with a verdict, and every span lies in the text. */
import { readdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { globalDirectives } from '../../../src/ldirectord/config/directives-global.js'
import { virtualDirectives } from '../../../src/ldirectord/config/directives-virtual.js'
import { lintLdirectord } from '../../../src/ldirectord/config/lint.js'
import { hasErrors, render } from '../../../src/syntax/diagnostic.js'
import { print } from './print.js'
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

/** Values that the original takes, in as many spellings as it has. */
const GLOBAL_LINES: readonly string[] = [
  ...['checktimeout=7', 'negotiatetimeout= 8', 'checkinterval=3 s', 'checkcount=2', 'failurecount=3'],
  ...['autoreload=yes', 'supervised', 'fork=yes', 'quiescent=yes', 'readdquiescent=yes', 'cleanstop=no'],
  ...['fallback=127.0.0.1', 'fallback=127.0.0.1:81 masq', 'fallback6=[::1]:80 ipip', 'fallback=sorry'],
  ...[
    'fallbackcommand=/bin/x "a # b"',
    'callback="/bin/y z"',
    'logfile="local0"',
    'execute=a.cf',
    'execute=b.cf',
  ],
  ...['emailalert="a@x.example, b@x.example"', 'emailalertfreq=60s', 'emailalertstatus=starting , running,'],
  ...[
    'emailalertfrom=me@x.example',
    'smtp=mail.x.example # y',
    'maintenancedir=/tmp',
    'emailalertstatus=none',
  ],
  ...['checkjitter=20', 'recoverycount=2', 'checkwindow=7/10', 'panicthreshold=50', 'flapbackoff=10/600'],
  ...[
    'emailalertgroup=20',
    'emailalertlimit=12',
    'emailalertdetail=yes',
    'emailalertowner=yes',
    'forwarder=nft',
  ],
  ...[
    'tlsverify=yes',
    'tlsservername=www.example.org',
    'tlsexpirywarn=30',
    'sorryport=8500',
    'sorryretryafter=0',
  ],
]
const HEADS = ['virtual=127.0.1.1:80', 'virtual=127.0.1.2:domain', 'virtual=127.0.1.3:21', 'virtual=5 text']
const HEADS_6 = ['virtual6=[fd00::9]:5060', 'virtual6=12']
const REALS = [
  'real=127.0.2.1:80 gate',
  'real=127.0.2.1->127.0.2.3:http masq 5 "a b", "c,d" l:1 u:7',
  'real=real1 ipip 0 "/x" "y|z"',
]
const REALS_6 = ['real6=[fd00::21]:80 masq', 'real6=real61 gate 3 "http://x/","\\d"']
const SECTION_LINES: readonly string[] = [
  ...['request="index.html"', 'request="http://h:1/p"', 'receive="^O?K$"', 'checktype=4x', 'checktype=ping'],
  ...[
    'checktype = external',
    'checkcommand="/bin/t 1"',
    'checkport=081',
    'service=ftp',
    'service=sip',
    'service=pop',
  ],
  ...[
    'login="u"',
    'passwd="p q"',
    'database="d"',
    'secret="s"',
    'load="w x"',
    'scheduler=WRRwlc',
    'persistent=60',
  ],
  ...['schedflags=sh-port,sh-fallback x', 'httpmethod=head', 'virtualhost="www.x.example" y', 'quiescent=no'],
  ...[
    'checktimeout=4',
    'negotiatetimeout=5',
    'checkinterval=6',
    'checkcount=7',
    'failurecount=8',
    'cleanstop=yes',
  ],
  ...[
    'recoverycount=9',
    'checkwindow=1/2',
    'panicthreshold=0',
    'flapbackoff=1/2',
    'fallbackcommand="/bin/z" w',
  ],
  ...[
    'emailalert=c@x.example',
    'emailalertfreq=0',
    'emailalertstatus=all',
    'smtp=other',
    'monitorfile=/var/log/m',
  ],
  ...[
    'servicename=shop  "one"',
    'comment= c d',
    'receivedigest=5D41402ABC4B2A76B9719D911017C592',
    'tlsexpiryfail=3',
  ],
]
const sectionOf = (heads: readonly string[], reals: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...heads),
      fc.array(fc.constantFrom(...reals, ...SECTION_LINES), { maxLength: 15 }),
      fc.constantFrom('\t', '    '),
    )
    .map(([head, lines, indent]) => `${head}\n${lines.map(line => `${indent}${line}\n`).join('')}\n`)
const accepted = fc
  .tuple(
    fc.array(fc.constantFrom(...GLOBAL_LINES), { maxLength: 15 }),
    fc.uniqueArray(fc.oneof(sectionOf(HEADS, REALS), sectionOf(HEADS_6, REALS_6)), {
      selector: text => text.split('\n')[0],
      maxLength: 4,
    }),
    fc.boolean(),
  )
  .map(([globals, sections, isBefore]) => {
    const head = globals.map(line => `${line}\n`).join('')
    return isBefore ? head + sections.join('') : sections.join('') + head
  })

/** Where something stands, and how it was written, is not what it means. */
function meaning(t: ExecutionContext, text: string): unknown {
  const { config } = ours(text).linked
  t.truthy(config, text)
  return JSON.parse(JSON.stringify(config, (name, value) => (/^(line|text)$/.test(name) ? undefined : value)))
}

function sameWhenPrinted(t: ExecutionContext, text: string): void {
  const again = print(ours(text).linked.config!)
  t.deepEqual(meaning(t, again), meaning(t, text), `${text}\nis printed as\n${again}`)
}

test('what an accepted file means is the same when it is printed and read again', t => {
  fc.assert(
    fc.property(accepted, text => sameWhenPrinted(t, text)),
    { numRuns: 1500 },
  )
})

test('what each recorded file that the original accepts means is the same when it is printed and read again', t => {
  const corpus = 'test/ldirectord/config/corpus'
  const files = readdirSync(corpus).filter(name => name.endsWith('.cf'))
  const [, ...probes] = readFileSync('test/ldirectord/config/probes.jsonl', 'utf8').trim().split('\n')
  const texts = [
    ...files.map(name => readFileSync(`${corpus}/${name}`, 'latin1')),
    ...probes.map(line => (JSON.parse(line) as { text: string }).text),
  ].filter(text => ours(text).linked.config !== null)
  t.true(texts.length > 500, `${texts.length}`)
  for (const text of texts) sameWhenPrinted(t, text)
})

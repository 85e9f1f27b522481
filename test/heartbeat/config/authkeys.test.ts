import test from 'ava'
import fc from 'fast-check'
import { checkMode, parseAuthkeys } from '../../../src/heartbeat/config/authkeys.js'
import { render } from '../../../src/syntax/diagnostic.js'

const read = (content: string | Uint8Array) => parseAuthkeys(content, { file: 'authkeys' })

test('all keys are kept, and the auth line picks the one to sign with', t => {
  const { value, diagnostics } = read('auth 2\n1 sha1 old\n2 sha1 new # note\n')
  t.deepEqual(diagnostics, [])
  t.is(value.signWith, 2)
  t.deepEqual([...value.keys.keys()], [1, 2])
  t.is(Buffer.from(value.keys.get(2)!.key).toString(), 'new')
})

test('a key is taken byte by byte, quotes and bytes that are no text included', t => {
  const text = 'auth 1\n1 md5 "k\xff\xe9#\n'
  for (const content of [text, Buffer.from(text, 'latin1')]) {
    t.deepEqual([...read(content).value.keys.get(1)!.key], [0x22, 0x6b, 0xff, 0xe9, 0x23])
  }
})

test('md5 and crc are weak: a warning at their line', t => {
  const { diagnostics, exitStatus } = read('auth 3\n1 crc\n3 md5 hello\n')
  t.is(exitStatus, 0)
  t.deepEqual(
    diagnostics.map(({ severity, code, span }) => [severity, code, span?.line]),
    [
      ['warning', 'weak-method', 2],
      ['warning', 'weak-method', 3],
    ],
  )
})

test('an auth line below its key is told to go up', t => {
  const { diagnostics, exitStatus } = read('1 sha1 key\nauth 1\n')
  t.is(exitStatus, 6)
  t.is(diagnostics[0]?.message, 'auth 1 wants to stand above key 1; found that key in line 1')
})

// Modes measured on heartbeat 3.0.6: only the read bits of group and others count.
for (const [mode, severities] of [
  [0o600, []],
  [0o400, []],
  [0o644, ['error']],
  [0o640, ['error']],
  [0o604, ['error']],
  [0o622, ['warning']],
  [0o611, ['warning']],
] as const) {
  test(`mode ${mode.toString(8)} gives ${severities[0] ?? 'nothing'}`, t => {
    t.deepEqual(
      checkMode(mode, 'authkeys').map(({ severity }) => severity),
      [...severities],
    )
  })
}

const SECRET = fc
  .array(fc.constantFrom(...'abcdefghXYZ0123456789"/+=#-_'), { minLength: 8, maxLength: 24 })
  .map(letters => letters.join(''))
const methods = fc.constantFrom('sha1', 'md5', 'crc', 'SHA1', 'sha256', '', 'auth')
const keyLine = fc.record({
  number: fc.integer({ min: -2, max: 20 }),
  method: methods,
  secret: SECRET,
  form: fc.nat(6),
})

test('no rendered diagnostic ever holds a key, wherever it stands in a broken line', t => {
  fc.assert(
    fc.property(fc.array(keyLine, { minLength: 1, maxLength: 6 }), lines => {
      const text = lines
        .map(({ number, method, secret, form }) => {
          const forms = [
            `${number} ${method} ${secret}`,
            `${number} ${secret}`,
            `${secret} ${method} ${number}`,
            `auth ${secret}`,
            secret,
            `${number}${secret} ${method}`,
            `a${secret} ${number}`,
          ]
          return forms[form]
        })
        .join('\n')
      const shown = JSON.stringify(read(`auth 1\n${text}\n`).diagnostics.map(d => [d, render(d)]))
      for (const { secret } of lines) t.false(shown.includes(secret), `${secret}\n${text}\n${shown}`)
    }),
    { numRuns: 300 },
  )
})

import test from 'ava'
import { render } from '../../src/syntax/diagnostic.js'

test('a diagnostic shows file, line, column, the line, a caret under the word, and what to write', t => {
  t.is(
    render({
      file: 'ha.cf',
      span: { line: 2, column: 10, length: 3 },
      severity: 'error',
      code: 'arg-kind',
      message: 'deadtime wants a time such as 10, 500ms or 2m; found "ten"',
      source: 'deadtime ten',
      help: 'write "deadtime 10"',
    }),
    [
      'ha.cf:2:10: error: deadtime wants a time such as 10, 500ms or 2m; found "ten" [arg-kind]',
      '    deadtime ten',
      '             ^~~',
      '    help: write "deadtime 10"',
    ].join('\n'),
  )
})

test('a tab before the fault is kept, so that the caret stands under it', t => {
  const shown = render({
    file: 'x',
    span: { line: 1, column: 3, length: 1 },
    severity: 'warning',
    code: 'c',
    message: 'm',
    source: '\ta#',
  })
  t.is(shown.split('\n')[2], '    \t ^')
})

import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { globalDirectives } from '../../../src/ldirectord/config/directives-global.js'
import { virtualDirectives } from '../../../src/ldirectord/config/directives-virtual.js'
import { ldirectordReference } from '../../../src/ldirectord/config/reference.js'

const PAGE = 'docs/ldirectord.cf.md'

test('docs/ldirectord.cf.md says what the tables say', t => {
  if (process.env.UPDATE_DOCS === 'yes') writeFileSync(PAGE, ldirectordReference())
  t.is(readFileSync(PAGE, 'utf8'), ldirectordReference())
})

test('every directive has a row of the page, and every row a directive', t => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(match => match[1]!)
  t.deepEqual(rows, [...Object.keys(globalDirectives), ...Object.keys(virtualDirectives)])
})

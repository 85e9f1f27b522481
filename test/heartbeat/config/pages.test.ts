import { readFileSync } from 'node:fs'
import test from 'ava'
import { referencePages, withTable } from './pages.js'

for (const { path, table } of referencePages) {
  test(`${path} shows every directive of the table, and no other`, t => {
    const page = readFileSync(path, 'utf8')
    t.is(withTable(page, table), page, 'run: node scripts/reference-pages.mjs')
    const shown = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(match => match[1])
    t.deepEqual(shown, Object.keys(table))
  })
}

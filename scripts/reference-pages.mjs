// node scripts/reference-pages.mjs: writes the tables of docs/*.md from the directive tables (after `npm run quick` or
// `npm run build`). A page holds its table between two comments; everything else on the page is written by hand.
import { readFileSync, writeFileSync } from 'node:fs'

const { referencePages, withTable } = await import('../dist/test/heartbeat/config/pages.js')
for (const { path, table } of referencePages) {
  writeFileSync(path, withTable(readFileSync(path, 'utf8'), table))
}

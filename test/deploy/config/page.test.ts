/** docs/deploy.md holds the tables of deploy.cf as they are, and every command, status and refusal of the program. */
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { hostSection } from '../../../src/deploy/config/directives/reach.js'
import { SECTIONS } from '../../../src/deploy/config/directives.js'
import { COMMAND_ROWS } from '../../../src/deploy/plan/arguments.js'
import { referencePage } from '../../../src/syntax/directive.js'

const PAGE = 'docs/deploy.md'
const BETWEEN = /(<!-- tables -->\n)[\s\S]*?(<!-- end of tables -->)/

const tables = [...Object.entries(SECTIONS), ['host:NAME', hostSection] as const]
  .map(([name, table]) => `### [${name}]\n\n${referencePage(table)}`)
  .join('\n')

test('the page shows the tables of the program (UPDATE_DOCS=yes writes them)', t => {
  const page = readFileSync(PAGE, 'utf8')
  const wanted = page.replace(BETWEEN, (_, head: string, tail: string) => `${head}\n${tables}\n${tail}`)
  if (process.env.UPDATE_DOCS === 'yes') writeFileSync(PAGE, wanted)
  t.is(readFileSync(PAGE, 'utf8'), wanted)
})

test('the page names every command', t => {
  const page = readFileSync(PAGE, 'utf8')
  t.deepEqual(
    Object.keys(COMMAND_ROWS).filter(name => !new RegExp(`\`${name}[ \`]`).test(page)),
    [],
  )
})

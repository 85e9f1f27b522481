/** Which page of docs holds which table; used by the test of the pages and by scripts/reference-pages.mjs. */
import { authkeysDirectives } from '../../../src/heartbeat/config/authkeys.js'
import { haCfDirectives } from '../../../src/heartbeat/config/ha-cf-table.js'
import { type DirectiveTable, referencePage } from '../../../src/syntax/directive.js'

export const referencePages: readonly { readonly path: string; readonly table: DirectiveTable }[] = [
  { path: 'docs/ha.cf.md', table: haCfDirectives },
  { path: 'docs/authkeys.md', table: authkeysDirectives },
]

const BETWEEN = /(<!-- table -->\n)[\s\S]*?(<!-- end of table -->)/

export function withTable(page: string, table: DirectiveTable): string {
  return page.replace(BETWEEN, (_, head: string, tail: string) => `${head}\n${referencePage(table)}\n${tail}`)
}

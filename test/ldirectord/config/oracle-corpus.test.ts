/**
 * The corpus of the ldirectord oracle: what `status` and `start` of the original said about a file, and the table that
 * it built. A second, independent record beside those of record.sh.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import type { VirtualService } from '../../../src/ldirectord/config/model.js'
import { serviceId } from '../../../src/ldirectord/core/table.js'
import { ours } from './recorded.js'

const CORPUS = 'test/ldirectord/config/corpus'

interface Expected {
  readonly accepted: boolean
  readonly status_stderr: readonly string[]
  readonly table_after_start: Readonly<Record<string, { readonly reals: Readonly<Record<string, string>> }>>
}

const names = readdirSync(CORPUS)
  .filter(name => existsSync(`${CORPUS}/${name.replace(/\.cf$/, '')}.expected.json`) && name.endsWith('.cf'))
  .map(name => name.slice(0, -3))

test('the corpus is there', t => {
  t.is(names.length, 22)
})

for (const name of names) {
  test(`${name}: the oracle's decision, text, line and virtual services`, t => {
    const expected: Expected = JSON.parse(readFileSync(`${CORPUS}/${name}.expected.json`, 'utf8'))
    const { linked, stderr } = ours(readFileSync(`${CORPUS}/${name}.cf`, 'utf8'))
    t.is(linked.config !== null, expected.accepted)
    // The oracle keeps the lines without the blanks and empty lines at their ends.
    const lines = stderr.split('\n').map(line => line.trimEnd())
    t.deepEqual(
      lines.filter(line => line !== ''),
      expected.status_stderr,
    )
    const virtuals = linked.config?.virtuals ?? []
    t.deepEqual(virtuals.map(tableName).sort(), Object.keys(expected.table_after_start).sort())
    for (const virtual of virtuals) {
      const { reals } = expected.table_after_start[tableName(virtual)]!
      for (const [server, entry] of Object.entries(reals)) t.true(mayStandInTable(virtual, server, entry))
    }
  })
}

/** `tcp 127.0.1.1:80`, `fwm 5`. */
function tableName(virtual: VirtualService): string {
  return serviceId(virtual.key).replace(':', ' ')
}

/** Every server of the recorded table is a real or the fallback of the file, with its method. */
function mayStandInTable(virtual: VirtualService, server: string, entry: string): boolean {
  const { reals, fallback } = virtual
  const servers = fallback === null ? reals : [...reals, fallback]
  return servers.some(
    known => `${known.address}:${known.port}` === server && entry.startsWith(`${known.method} `),
  )
}

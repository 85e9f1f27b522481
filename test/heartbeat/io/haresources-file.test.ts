import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { watchedGroups } from '../../../src/heartbeat/io/haresources-file.js'
import { temporaryFolder } from '../../temporary-folder.js'

function written(t: ExecutionContext, text: string) {
  const folder = temporaryFolder(t)
  const file = join(folder, 'haresources')
  writeFileSync(file, text)
  const read = watchedGroups(file, ['alpha', 'beta'])
  return { read, write: (next: string) => writeFileSync(file, next) }
}
const nodesOf = ({ groups }: { readonly groups: readonly { readonly node: string }[] }) =>
  groups.map(({ node }) => node)

test('an edit acts at the next look', t => {
  const { read, write } = written(t, 'alpha 10.0.0.1\n')
  t.deepEqual(nodesOf(read()), ['alpha'])
  write('beta 10.0.0.1\n')
  t.deepEqual(nodesOf(read()), ['beta'])
})

test('a file that an editor has emptied to write it anew keeps the groups, and says so once', t => {
  const { read, write } = written(t, 'alpha 10.0.0.1\n')
  read()
  write('')
  const emptied = read()
  t.deepEqual(nodesOf(emptied), ['alpha'])
  t.regex(emptied.complaint ?? '', /is empty: .* the groups of before stay in force/)
  t.is(read().complaint, null)
  write('# nothing is run here\n')
  t.deepEqual(read(), { groups: [], complaint: null })
})

test('an empty file that the administrator asks to be read means no groups', t => {
  const { read, write } = written(t, 'alpha 10.0.0.1\n')
  read()
  write('')
  t.deepEqual(read(true), { groups: [], complaint: null })
})

test('a faulty edit keeps the groups and names the line once', t => {
  const { read, write } = written(t, 'alpha 10.0.0.1\n')
  read()
  write('# comment\ngamma 10.0.0.1\n')
  const faulty = read()
  t.deepEqual(nodesOf(faulty), ['alpha'])
  t.regex(faulty.complaint ?? '', /haresources.*2/)
  t.is(read().complaint, null)
})

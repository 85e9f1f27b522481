import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ConfigWatch, type Look } from '../../../src/ldirectord/io/config-watch.js'
import { temporaryFolder } from '../../temporary-folder.js'

async function watched(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  const file = join(folder, 'ldirectord.cf')
  await writeFile(file, 'one')
  return { file, watch: new ConfigWatch(file, Buffer.from('one')) }
}

/** Two looks at a file that nobody writes any more. */
async function settled(watch: ConfigWatch): Promise<Look> {
  const first = await watch.look()
  return first === 'same' ? watch.look() : first
}

test('a file that is being written is not read: emptied by one look, whole at the next', async t => {
  const { file, watch } = await watched(t)
  await settled(watch)
  await writeFile(file, '')
  t.is(await watch.look(), 'same')
  await writeFile(file, 'two, as long as it was meant')
  t.is(await watch.look(), 'same')
  t.is(await watch.look(), 'changed')
})

test('a file that holds what was parsed is the same', async t => {
  t.is(await settled((await watched(t)).watch), 'same')
})

test('an edit between parsing and the first look is noticed', async t => {
  const { file } = await watched(t)
  t.is(await settled(new ConfigWatch(file, Buffer.from('zero'))), 'changed')
})

test('a changed text is news once, also when size and time stay the same', async t => {
  const { file, watch } = await watched(t)
  const then = new Date(1_600_000_000_000)
  await utimes(file, then, then)
  await settled(watch)
  await writeFile(file, 'two')
  await utimes(file, then, then)
  t.is(await settled(watch), 'changed')
  t.is(await settled(watch), 'same')
})

test('a new time or a new inode with the same text is nothing', async t => {
  const { file, watch } = await watched(t)
  await settled(watch)
  await utimes(file, new Date(), new Date(1_600_000_000_000))
  t.is(await settled(watch), 'same')
  await writeFile(`${file}.new`, 'one')
  await rename(`${file}.new`, file)
  t.is(await settled(watch), 'same')
})

test('a file that vanished is said once; when it is back with its old text nothing is said', async t => {
  const { file, watch } = await watched(t)
  await rename(file, `${file}.away`)
  t.is(await settled(watch), 'unreadable')
  t.is(await settled(watch), 'same')
  await rename(`${file}.away`, file)
  t.is(await settled(watch), 'same')
})

test('what was loaded by another way is no news', async t => {
  const { file, watch } = await watched(t)
  await writeFile(file, 'two')
  watch.loaded(Buffer.from('two'))
  t.is(await settled(watch), 'same')
})

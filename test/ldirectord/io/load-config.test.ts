/** Files that are no configuration, or not yet: each is an outcome, within bounded memory, and never half of a file. */
import { closeSync, ftruncateSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { loadConfig } from '../../../src/ldirectord/io/load-config.js'
import { temporaryFolder } from '../../temporary-folder.js'

const folder = temporaryFolder({ teardown: test.after.always })
const load = (name: string) => loadConfig(join(folder, name), { defaultLog: '/var/log/ldirectord.log' })
const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content)

const SECTION = 'virtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate\n\tservice=http\n'

test('an empty file is a configuration without services, as for the original', async t => {
  put('empty.cf', '')
  const loaded = await load('empty.cf')
  t.like(loaded, { kind: 'loaded', config: { virtuals: [] } })
})

test('a file of 100 MB is refused by its size, without being read', async t => {
  const fd = openSync(join(folder, 'huge.cf'), 'w')
  ftruncateSync(fd, 100 * 1024 * 1024)
  closeSync(fd)
  const before = process.memoryUsage.rss()
  const loaded = await load('huge.cf')
  t.is(loaded.kind, 'refused')
  t.regex(loaded.kind === 'refused' ? loaded.errors[0]! : '', /huge\.cf is larger than 16777216 bytes/)
  t.true(process.memoryUsage.rss() - before < 64 * 1024 * 1024)
})

test('a binary file is refused with one line of the original and a bounded explanation', async t => {
  let state = 1
  const noise = Uint8Array.from({ length: 200_000 }, () => {
    state = (state * 48_271) % 2_147_483_647
    return state & 0xff
  })
  put('binary.cf', noise)
  const loaded = await load('binary.cf')
  t.is(loaded.kind, 'refused')
  if (loaded.kind === 'refused') {
    t.regex(loaded.errors.at(-1)!, /^Error \[\d+\] reading file .*binary\.cf at line \d+: /)
    t.true(loaded.explained.length <= 20)
    t.true(loaded.explained.every(text => text.length < 20_000))
  }
})

test('a folder, and a file that is not there, are refused with their reason', async t => {
  for (const name of ['.', 'nowhere.cf']) {
    const loaded = await load(name)
    t.is(loaded.kind, 'refused', name)
  }
})

test('a file that is replaced again and again while it is read is always one of its versions as a whole', async t => {
  const version = (n: number): string =>
    `checkinterval=${n}\n${Array.from({ length: 400 }, (_, i) => `virtual=127.0.${n}.${i % 250}:${1000 + i}\n\treal=127.0.2.1:${n} gate\n\n`).join('')}`
  put('turning.cf', version(1))
  for (let n = 2; n < 12; n++) {
    const loading = load('turning.cf')
    put('turning.new', version(n))
    renameSync(join(folder, 'turning.new'), join(folder, 'turning.cf'))
    const loaded = await loading
    if (loaded.kind !== 'loaded') return t.fail(loaded.errors.join('\n'))
    const { checkinterval, virtuals } = loaded.config
    t.is(virtuals.length, 400)
    t.true(virtuals.every(({ reals }) => reals[0]!.port === checkinterval))
  }
})

test('receive and request of a file in UTF-8 mean the bytes that are written there', async t => {
  put('utf8.cf', `${SECTION}\trequest="grüße"\n\treceive="schön"\n`)
  const loaded = await load('utf8.cf')
  t.like(loaded, { config: { virtuals: { 0: { request: '/grüße', receive: 'schön' } } } })
})

test('a file in another encoding is read all the same', async t => {
  put('latin1.cf', Buffer.from(`${SECTION}\tservicename=Köln\n`, 'latin1'))
  t.like(await load('latin1.cf'), { config: { virtuals: { 0: { servicename: 'Köln' } } } })
})

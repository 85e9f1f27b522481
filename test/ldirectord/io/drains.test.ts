import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { printLedger } from '../../../src/ldirectord/core/drain-file.js'
import { EMPTY_LEDGER, noted } from '../../../src/ldirectord/core/drain-ledger.js'
import { Drains } from '../../../src/ldirectord/io/drains.js'
import { temporaryFolder } from '../../temporary-folder.js'

const DRAIN = {
  address: '10.0.1.1',
  port: 80,
  virtual: null,
  who: 'ann',
  reason: '',
  sinceMs: 1,
  untilMs: null,
}

async function placeFor(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  t.teardown(() => chmod(folder, 0o700))
  const log: string[] = []
  const path = join(folder, 'ldirectord', 'drains.x.json')
  return { folder, path, log, open: () => new Drains(path, (_, line) => void log.push(line)) }
}

test('a drain is on the disk before it counts, for its owner alone, and the next daemon finds it', async t => {
  const { open, path, log } = await placeFor(t)
  t.is(open().replace([DRAIN]), null)
  t.is((await stat(path)).mode & 0o777, 0o600)
  t.deepEqual(open().list, [DRAIN])
  t.deepEqual(log, [])
})

test('what cannot be written does not count', async t => {
  const { open, folder } = await placeFor(t)
  await writeFile(join(folder, 'ldirectord'), 'a file where a folder should be')
  const drains = open()
  t.regex(drains.replace([DRAIN])!, /drains\.x\.json: /)
  t.deepEqual(drains.list, [])
})

test('a faulty file is told, kept aside, and does not stop the daemon', async t => {
  const { open, path, log } = await placeFor(t)
  await mkdir(join(path, '..'))
  await writeFile(path, printLedger(noted(EMPTY_LEDGER, [DRAIN], 1, 'alpha').ledger).slice(0, 40))
  t.deepEqual(open().list, [])
  t.is(log.length, 1)
  t.regex(log[0]!, /is no JSON.*no server is drained; it is kept as .*\.faulty$/)
  t.deepEqual(await readdir(join(path, '..')), ['drains.x.json.faulty'])
})

test('a drain whose time is over ends, in the file too', async t => {
  const { open, path } = await placeFor(t)
  const drains = open()
  drains.replace([{ ...DRAIN, untilMs: 1 }])
  t.true(drains.expire())
  t.deepEqual(drains.list, [])
  t.deepEqual(JSON.parse(await readFile(path, 'utf8')).drains, [])
  t.false(drains.expire())
})

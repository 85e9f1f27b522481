import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { fileLog } from '../../../src/log/io/file-log.js'
import { temporaryFolder } from '../../temporary-folder.js'

test('lines that could not be written are counted, said elsewhere once, and named in the file afterwards', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'gone/log')
  const troubles: string[] = []
  const log = fileLog(path, 0o600, null, sentence => troubles.push(sentence))
  for (const word of ['one', 'two', 'three']) {
    log.write(`${word}\n`)
    await log.close()
  }
  t.deepEqual(troubles, [`${path} cannot be written (ENOENT): lines are lost until that is mended`])
  mkdirSync(join(folder, 'gone'))
  log.write('four\n')
  await log.close()
  t.is(readFileSync(path, 'utf8'), '\n(3 log lines lost: ENOENT)\nfour\n')
  t.is(troubles[1], `${path} is written again: 3 lines were lost (ENOENT)`)
  log.write('five\n')
  await log.close()
  t.true(readFileSync(path, 'utf8').endsWith('four\nfive\n'))
  t.is(troubles.length, 2)
})

test('a device that is always full costs its lines and nothing else', async t => {
  const troubles: string[] = []
  const log = fileLog('/dev/full', 0o600, null, sentence => troubles.push(sentence))
  for (let line = 0; line < 100; line++) log.write('x\n')
  await log.close()
  t.is(troubles.length, 1)
  t.regex(troubles[0]!, /ENOSPC/)
})

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { readSmallFile } from '../../../src/base/io/files.js'
import { temporaryFolder } from '../../temporary-folder.js'

test('a FIFO, a device, a folder or a huge file in the place of a small file is an error at once', t => {
  const folder = temporaryFolder(t)
  const fifo = join(folder, 'fifo')
  t.is(spawnSync('mkfifo', [fifo]).status, 0)
  const huge = join(folder, 'huge')
  writeFileSync(huge, Buffer.alloc(5_000))
  for (const [path, reason] of [
    [fifo, /is not a regular file/],
    ['/dev/zero', /is not a regular file/],
    [folder, /is not a regular file/],
    [huge, /is larger than 4999 bytes/],
  ] as const)
    t.throws(() => readSmallFile(path, 4_999), { message: reason })
  t.is(readSmallFile(huge, 5_000).length, 5_000)
})

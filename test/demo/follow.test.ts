import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { follow } from '../../src/demo/follow.js'
import { temporaryFolder } from '../temporary-folder.js'

test('only whole lines are given, each once, also of a file that appears later', t => {
  const path = join(temporaryFolder(t), 'log')
  const follower = follow(path)
  t.deepEqual(follower.look(), [])
  writeFileSync(path, 'one\ntw')
  t.deepEqual(follower.look(), ['one'])
  t.deepEqual(follower.look(), [])
  appendFileSync(path, 'o\n')
  t.deepEqual(follower.look(), ['two'])
})

test('a file that was emptied is read from its start', t => {
  const path = join(temporaryFolder(t), 'log')
  const follower = follow(path)
  writeFileSync(path, 'one\ntwo\n')
  follower.look()
  writeFileSync(path, 'three\n')
  t.deepEqual(follower.look(), ['three'])
})

test('a line without end does not grow in memory', t => {
  const path = join(temporaryFolder(t), 'log')
  const follower = follow(path)
  writeFileSync(path, 'x'.repeat(300_000))
  for (let look = 0; look < 10; look++) t.deepEqual(follower.look(), [])
  appendFileSync(path, '\n')
  t.true((follower.look()[0] ?? '').length <= 4096)
})

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { follow } from '../../src/demo/follow.js'

const inFolder = (run: (path: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'follow-'))
  try {
    run(join(folder, 'log'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('only whole lines are given, each once, also of a file that appears later', t => {
  inFolder(path => {
    const follower = follow(path)
    t.deepEqual(follower.look(), [])
    writeFileSync(path, 'one\ntw')
    t.deepEqual(follower.look(), ['one'])
    t.deepEqual(follower.look(), [])
    appendFileSync(path, 'o\n')
    t.deepEqual(follower.look(), ['two'])
  })
})

test('a file that was emptied is read from its start', t => {
  inFolder(path => {
    const follower = follow(path)
    writeFileSync(path, 'one\ntwo\n')
    follower.look()
    writeFileSync(path, 'three\n')
    t.deepEqual(follower.look(), ['three'])
  })
})

test('a line without end does not grow in memory', t => {
  inFolder(path => {
    const follower = follow(path)
    writeFileSync(path, 'x'.repeat(300_000))
    for (let look = 0; look < 10; look++) t.deepEqual(follower.look(), [])
    appendFileSync(path, '\n')
    t.true((follower.look()[0] ?? '').length <= 4096)
  })
})

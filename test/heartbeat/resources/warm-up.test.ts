import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { warmUp } from '../../../src/heartbeat/resources/warm-up.js'

test('the rehearsal leaves the addresses of the machine and the state of the agents as they were', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const before = networkInterfaces()
  const paths = { haDir: folder, varLib: folder, varRun: folder, varLog: folder }
  await warmUp(paths, { PATH: process.env.PATH ?? '' })
  t.deepEqual(networkInterfaces(), before)
  t.deepEqual(readdirSync(folder), [])
})

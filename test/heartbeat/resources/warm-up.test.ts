import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import test from 'ava'
import { warmUp } from '../../../src/heartbeat/resources/warm-up.js'
import { temporaryFolder } from '../../temporary-folder.js'

test('the rehearsal leaves the addresses of the machine and the state of the agents as they were', async t => {
  const folder = temporaryFolder(t)
  const before = networkInterfaces()
  const paths = { haDir: folder, varLib: folder, varRun: folder, varLog: folder }
  await warmUp(paths, { PATH: process.env.PATH ?? '' })
  t.deepEqual(networkInterfaces(), before)
  t.deepEqual(readdirSync(folder), [])
})
